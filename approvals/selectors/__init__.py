"""Reading approvals."""

from approvals.selectors.checking import check_action, who_may
from approvals.selectors.glass import list_broken_glass
from approvals.selectors.policies import list_policies, show_policy
from approvals.selectors.questions import list_asked_questions
from approvals.selectors.requests import list_approvals, wait_for_approval
from approvals.selectors.stand_ins import list_stand_ins
from approvals.selectors.standing import list_standing, show_standing

__all__ = [
    "check_action",
    "list_approvals",
    "list_asked_questions",
    "list_broken_glass",
    "list_policies",
    "list_stand_ins",
    "list_standing",
    "show_policy",
    "show_standing",
    "wait_for_approval",
    "who_may",
]
