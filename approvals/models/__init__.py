"""Policies, what they hold, what is agreed ahead, and what people are asked."""

from approvals.models.ahead import StandIn, StandingApproval, StandingUse
from approvals.models.mails import Mail
from approvals.models.prompts import Prompt
from approvals.models.questions import Hearer, Question
from approvals.models.requests import (
    OPEN,
    REASON_LIMIT,
    ApprovalRequest,
    Asked,
    BreakGlass,
    Comment,
    Decision,
    Policy,
    Showing,
)

__all__ = [
    "OPEN",
    "REASON_LIMIT",
    "ApprovalRequest",
    "Asked",
    "BreakGlass",
    "Comment",
    "Decision",
    "Hearer",
    "Mail",
    "Policy",
    "Prompt",
    "Question",
    "Showing",
    "StandIn",
    "StandingApproval",
    "StandingUse",
]
