from django.urls import path

from tasks import selectors, services
from tasks.api.views import HookView
from teammcp.core.api import action_view

urlpatterns = [
    path("hooks/<str:token>/", HookView.as_view()),
    path(
        "blueprints/",
        action_view(created=True, get=selectors.list_blueprints, post=services.create_blueprint),
    ),
    path(
        "blueprints/<int:blueprint_id>/",
        action_view(
            get=selectors.show_blueprint,
            patch=services.update_blueprint,
            delete=services.end_blueprint,
        ),
    ),
    path(
        "blueprints/<int:blueprint_id>/run/",
        action_view(created=True, post=services.run_blueprint),
    ),
    path(
        "blueprints/<int:blueprint_id>/hook/",
        action_view(
            created=True,
            post=services.make_blueprint_hook,
            delete=services.remove_blueprint_hook,
        ),
    ),
    path(
        "promises/", action_view(created=True, get=selectors.list_promises, post=services.promise)
    ),
    path("promises/<int:promise_id>/", action_view(get=selectors.show_promise)),
    path("promises/<int:promise_id>/keep/", action_view(post=services.keep_promise)),
    path("promises/<int:promise_id>/break/", action_view(post=services.break_promise)),
    path("promises/<int:promise_id>/release/", action_view(post=services.release_promise)),
    path(
        "working-calendar/",
        action_view(get=selectors.show_working_calendar, patch=services.set_working_calendar),
    ),
    path("tasks/", action_view(created=True, get=selectors.list_tasks, post=services.create_task)),
    path("tasks/board/", action_view(get=selectors.show_board)),
    path("tasks/dated/", action_view(get=selectors.list_dated_tasks)),
    path("tasks/mine/", action_view(get=selectors.show_work)),
    path("tasks/claim/", action_view(post=services.claim_task)),
    path("tasks/<str:task>/", action_view(get=selectors.show_task, patch=services.edit_task)),
    path("tasks/<str:task>/claim/", action_view(operation="claim_one", post=services.claim_task)),
    path("tasks/<str:task>/update/", action_view(post=services.update_task)),
    path("tasks/<str:task>/progress/", action_view(post=services.report_progress)),
    path("tasks/<str:task>/release/", action_view(post=services.release_task)),
    path("tasks/<str:task>/block/", action_view(post=services.block_task)),
    path("tasks/<str:task>/unblock/", action_view(post=services.unblock_task)),
    path("tasks/<str:task>/submit/", action_view(post=services.submit_task)),
    path("tasks/<str:task>/approve/", action_view(post=services.approve_task)),
    path("tasks/<str:task>/request-changes/", action_view(post=services.request_changes)),
    path("tasks/<str:task>/complete/", action_view(post=services.complete_task)),
    path("tasks/<str:task>/cancel/", action_view(post=services.cancel_task)),
    path("tasks/<str:task>/reopen/", action_view(post=services.reopen_task)),
    path("tasks/<str:task>/assign/", action_view(post=services.assign_task)),
    path(
        "tasks/<str:task>/needs/<str:needs>/",
        action_view(post=services.add_dependency, delete=services.remove_dependency),
    ),
    path("tasks/<str:task>/parent/", action_view(post=services.set_parent)),
    path(
        "tasks/<str:task>/follow/",
        action_view(post=services.follow_task, delete=services.unfollow_task),
    ),
    path("tasks/<str:task>/history/", action_view(get=selectors.list_task_history)),
    path("leases/", action_view(created=True, get=selectors.list_leases, post=services.take_lease)),
    path("leases/check-files/", action_view(post=selectors.check_files)),
    path("leases/<str:lease>/", action_view(get=selectors.show_lease)),
    path("leases/<str:lease>/extend/", action_view(post=services.extend_lease)),
    path("leases/<str:lease>/release/", action_view(post=services.release_lease)),
    path("leases/<str:lease>/break/", action_view(post=services.break_lease)),
    path("goals/", action_view(created=True, get=selectors.list_goals, post=services.create_goal)),
    path("goals/<str:goal>/", action_view(get=selectors.show_goal, patch=services.edit_goal)),
    path("goals/<str:goal>/parent/", action_view(post=services.move_goal)),
    path("goals/<str:goal>/risks/", action_view(get=selectors.list_goal_risks)),
    path("goals/<str:goal>/tasks/", action_view(get=selectors.list_goal_tasks)),
    path(
        "goals/<str:goal>/tasks/<str:task>/",
        action_view(post=services.attach_task, delete=services.detach_task),
    ),
]
