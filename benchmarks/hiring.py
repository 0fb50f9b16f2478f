"""Many agents at once, in the database of a running server: registration over the network admits
120 a minute and address. Run by `office.hire_many`; prints their tokens as JSON."""

from __future__ import annotations

import json
import sys

import django


def main(count: int) -> None:
    django.setup()
    from orgchart.models import Member
    from orgchart.services import register_agent

    owner = Member.objects.filter(authority=Member.Authority.OWNER).order_by("pk").first()
    assert owner is not None
    made = [
        register_agent(actor=owner, name=f"Waiter {number}", handle=f"waiter{number}")
        for number in range(1, count + 1)
    ]
    json.dump([[one.member.id, one.member.handle, one.token] for one in made], sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
