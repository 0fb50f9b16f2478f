"""Real clients against a real server, with a scripted model in place of a paid one."""
