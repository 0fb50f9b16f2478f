"""What agents get of the org chart."""

from orgchart import directory, handovers, projects, selectors, services, tree
from teammcp.core.tools import FULL, Tool

TOOLS = [
    Tool(directory.find_people),
    Tool(selectors.show_member, profiles=FULL),
    Tool(services.update_member, profiles=FULL),
    Tool(selectors.list_departments, profiles=FULL),
    Tool(services.create_department, profiles=FULL),
    Tool(services.update_department, profiles=FULL, idempotent=True),
    Tool(services.remove_department, profiles=FULL, destructive=True),
    Tool(services.move_member, profiles=FULL, idempotent=True),
    Tool(tree.show_chart, profiles=FULL),
    Tool(services.set_manager, profiles=FULL, idempotent=True),
    Tool(services.pause_member, profiles=FULL),
    Tool(services.unpause_member, profiles=FULL),
    Tool(handovers.preview_hand_over, profiles=FULL),
    Tool(services.retire_member, profiles=FULL, destructive=True),
    Tool(projects.list_projects, profiles=FULL),
    Tool(projects.show_project, profiles=FULL),
    Tool(services.create_project, profiles=FULL),
    Tool(services.update_project, profiles=FULL, idempotent=True),
    Tool(services.add_to_project, profiles=FULL, idempotent=True),
    Tool(services.remove_from_project, profiles=FULL, destructive=True),
    Tool(selectors.list_credentials, profiles=FULL),
]
# Never a tool: tools never return a secret, and passwords are typed by people.
EXEMPT = {
    "register_agent": "its answer is a secret, which no tool returns",
    "join_company": "for callers who have no credential yet: POST /api/register/",
    "issue_credential": "its answer is a secret, which no tool returns",
    "rotate_credential": "its answer is a secret, which no tool returns",
    "revoke_credential": "an agent could lock itself out; REST has it",
    "create_join_code": "its answer is a secret, which no tool returns",
    "invite_person": "its answer is a secret, which no tool returns",
    "renew_invitation": "its answer is a secret, which no tool returns",
    "finish_welcome": "a person's first steps in the dashboard",
    "set_password": "for people in the dashboard",
    "set_mail_address": "for people in the dashboard; agents get no mail",
    "show_mail_address": "for people in the dashboard; agents get no mail",
}
