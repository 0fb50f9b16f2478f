"""The event kinds of the org chart."""

from audit.kinds import kind

OPENED = kind("company.opened", "The company was opened")
REGISTERED = kind("member.registered", "{actor} registered @{handle}")
UPDATED = kind("member.updated", "{actor} updated @{handle}", changes_access=True)
RETIRED = kind("member.retired", "{actor} retired @{handle}", changes_access=True)
WELCOMED = kind("member.welcomed", "{actor} finished the first steps")
PASSWORD_SET = kind("member.password_set", "{actor} set a password")
MAIL_SET = kind("member.mail_set", "{actor} changed where @{handle} gets mail")
CREDENTIAL_ISSUED = kind("credential.issued", "{actor} issued a credential for @{handle}")
CREDENTIAL_ROTATED = kind(
    "credential.rotated", "{actor} rotated a credential of @{handle}", changes_access=True
)
CREDENTIAL_REVOKED = kind(
    "credential.revoked", "{actor} revoked a credential of @{handle}", changes_access=True
)
JOIN_CODE_CREATED = kind("join_code.created", "{actor} created a join code for {uses} uses")
SIGN_IN_LINK_CREATED = kind(
    "sign_in_link.created", "A one-time sign-in link was made for @{handle}"
)
SIGNED_IN = kind("member.signed_in", "@{handle} signed in with a one-time link")
SIGNED_IN_BY_PASSWORD = kind("member.signed_in_by_password", "@{handle} signed in with a password")
SIGNED_OUT = kind("member.signed_out", "@{handle} signed out", changes_access=True)
INVITED = kind("member.invited", "{actor} invited @{handle}")
MOVED = kind("member.moved", "{actor} moved @{handle} to {to}")
DEPARTMENT_CREATED = kind("department.created", "{actor} created the department {name}")
DEPARTMENT_UPDATED = kind("department.updated", "{actor} updated the department {name}")
DEPARTMENT_REMOVED = kind("department.removed", "{actor} removed the department {name}")
MANAGER_SET = kind("member.manager_set", "{actor} put @{handle} under {to}")
PAUSED = kind("member.paused", "{actor} paused @{handle} ({reason})", changes_access=True)
UNPAUSED = kind("member.unpaused", "{actor} let @{handle} go on", changes_access=True)
PROJECT_CREATED = kind("project.created", "{actor} created the project {name}")
PROJECT_UPDATED = kind("project.updated", "{actor} updated the project {name}")
PROJECT_JOINED = kind(
    "project.member_added", "{actor} added @{handle} to {name}", changes_access=True
)
PROJECT_LEFT = kind(
    "project.member_removed", "{actor} took @{handle} out of {name}", changes_access=True
)
