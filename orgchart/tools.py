"""What agents get of the org chart."""

from orgchart import selectors, services
from teammcp.core.tools import FULL, Tool

TOOLS = [
    Tool(selectors.find_people),
    Tool(selectors.show_member, profiles=FULL),
    Tool(services.update_member, profiles=FULL),
    Tool(selectors.list_departments, profiles=FULL),
    Tool(services.create_department, profiles=FULL),
    Tool(services.move_member, profiles=FULL, idempotent=True),
    Tool(services.retire_member, profiles=FULL, destructive=True),
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
    "finish_welcome": "the owner's first steps in the dashboard",
    "set_password": "for people in the dashboard",
}
