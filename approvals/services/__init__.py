"""What can be done with approvals."""

from approvals.services.changing import comment_request, revise_request, withdraw_request
from approvals.services.deciding import decide
from approvals.services.glass import break_glass, review_break_glass
from approvals.services.policies import create_policy, update_policy
from approvals.services.prompting import ask_permission, use_tool
from approvals.services.questions import answer_question, ask_question, withdraw_question
from approvals.services.showing import note_shown, show_question, show_request
from approvals.services.stand_ins import end_stand_in, set_stand_in
from approvals.services.standing import end_standing, grant_standing

__all__ = [
    "answer_question",
    "ask_permission",
    "ask_question",
    "break_glass",
    "comment_request",
    "create_policy",
    "decide",
    "end_stand_in",
    "end_standing",
    "grant_standing",
    "note_shown",
    "review_break_glass",
    "revise_request",
    "set_stand_in",
    "show_question",
    "show_request",
    "update_policy",
    "use_tool",
    "withdraw_question",
    "withdraw_request",
]
