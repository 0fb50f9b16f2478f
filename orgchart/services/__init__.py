"""What can be done in the org chart: all writes."""

from orgchart.services.access import (
    create_join_code,
    issue_credential,
    redeem_sign_in_link,
    revoke_credential,
    rotate_credential,
)
from orgchart.services.company import OpenedCompany, open_company
from orgchart.services.departments import (
    create_department,
    move_member,
    remove_department,
    update_department,
)
from orgchart.services.entries import update_member
from orgchart.services.inviting import invite_person, renew_invitation
from orgchart.services.lines import set_manager
from orgchart.services.mail import set_mail_address
from orgchart.services.members import (
    join_company,
    register_agent,
)
from orgchart.services.passwords import finish_welcome, set_password
from orgchart.services.pausing import pause_member, unpause_member
from orgchart.services.projects import (
    add_to_project,
    create_project,
    remove_from_project,
    update_project,
)
from orgchart.services.retiring import retire_member
from orgchart.services.sessions import note_sign_in, note_sign_out

__all__ = [
    "OpenedCompany",
    "add_to_project",
    "create_department",
    "create_join_code",
    "create_project",
    "finish_welcome",
    "invite_person",
    "issue_credential",
    "join_company",
    "move_member",
    "note_sign_in",
    "note_sign_out",
    "open_company",
    "pause_member",
    "redeem_sign_in_link",
    "register_agent",
    "remove_department",
    "remove_from_project",
    "renew_invitation",
    "retire_member",
    "revoke_credential",
    "rotate_credential",
    "set_mail_address",
    "set_manager",
    "set_password",
    "unpause_member",
    "update_department",
    "update_member",
    "update_project",
]
