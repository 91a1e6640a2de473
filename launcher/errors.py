class LaunchError(Exception):
    """The shop cannot run here; the message is one line that says what to do."""
