"""What can be done in the org chart: all writes."""

from orgchart.services.access import (
    create_join_code,
    issue_credential,
    redeem_sign_in_link,
    revoke_credential,
    rotate_credential,
)
from orgchart.services.company import OpenedCompany, open_company
from orgchart.services.departments import create_department, move_member
from orgchart.services.members import (
    finish_welcome,
    join_company,
    register_agent,
    retire_member,
    set_password,
    update_member,
)

__all__ = [
    "OpenedCompany",
    "create_department",
    "create_join_code",
    "finish_welcome",
    "issue_credential",
    "join_company",
    "move_member",
    "open_company",
    "redeem_sign_in_link",
    "register_agent",
    "retire_member",
    "revoke_credential",
    "rotate_credential",
    "set_password",
    "update_member",
]
