"""Entry for `python -m ami_bridge`."""

from ami_bridge.cli import main

if __name__ == "__main__":
    main()
