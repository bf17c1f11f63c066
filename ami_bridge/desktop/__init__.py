"""`ami-bridge-desktop`: bubbles on a person's screen. A stranger to the daemon: of ours it knows only `wire`."""
