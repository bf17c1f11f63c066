"""Commands about people: tokens, their own address books, phone books of their telephones."""

import argparse
import getpass
import json
import sys
from urllib.parse import quote

from ami_bridge.commands.common import Command, ask_daemon, with_config, with_json
from ami_bridge.config_file import load
from ami_bridge.errors import BadRequestError


def add(command: Command) -> None:
    """Add them."""
    token = command("token", _token, "Make, list or revoke app tokens of a person.")
    token.add_argument("verb", choices=["new", "list", "revoke"])
    token.add_argument("id", nargs="?", help="with revoke: which one")
    token.add_argument("--user", required=True, help="login in the groupware")
    token.add_argument("--name", default="token", help="what it is for")
    token.add_argument("--scopes", default="events,dial", help="of events,dial,rooms,alarms; default: %(default)s")
    with_config(token)
    with_json(token)

    book = command("book", _book, "Have somebody's own address books read, list or forget them.")
    book.add_argument("verb", choices=["add", "list", "remove"])
    book.add_argument("login", nargs="?", metavar="LOGIN", help="with add and remove: whose")
    with_config(book)
    with_json(book)

    phonebook = command("phonebook", _phonebook, "Give desk telephones access to the phone book, or take it back.")
    phonebook.add_argument("verb", choices=["add", "list", "revoke"])
    phonebook.add_argument(
        "device", nargs="?", metavar="DEVICE", help="name of the device, which is also its user name"
    )
    phonebook.add_argument("--extension", help="with add: whose telephone it is; default: nobody's in particular")
    phonebook.add_argument("--private", action="store_true", help="with add: it also shows this person's own books")
    with_config(phonebook)
    with_json(phonebook)


def _token(arguments: argparse.Namespace) -> int:
    config, whose = load(arguments.config), quote(arguments.user, safe="")
    match arguments.verb:
        case "new":
            scopes = [scope.strip() for scope in arguments.scopes.split(",") if scope.strip()]
            made = ask_daemon(
                config, "POST", "/tokens", {"login": arguments.user, "name": arguments.name, "scopes": scopes}
            )
            print(json.dumps(made) if arguments.json else made["token"])
        case "list":
            found = ask_daemon(config, "GET", f"/tokens/{whose}")["tokens"]
            if arguments.json:
                print(json.dumps(found))
            else:
                for one in found:
                    used = (one["last_used"] or "never used")[:16]
                    print(f"{one['id']}  {used:16}  {','.join(one['scopes']):24}  {one['name']}")
        case _:
            if not arguments.id:
                raise BadRequestError("name the token that is to be revoked: `token list` shows their ids")
            ask_daemon(config, "DELETE", f"/tokens/{whose}/{quote(arguments.id, safe='')}")
            print("revoked; its connections are closed")
    return 0


def _book(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    if arguments.verb != "list" and not arguments.login:
        raise BadRequestError("name the person by their login")
    match arguments.verb:
        case "add":
            asked = f"Password of {arguments.login} at the groupware, better an app password: "
            password = getpass.getpass(asked) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
            if not password:
                raise BadRequestError("no password was given")
            ask_daemon(config, "POST", "/books", {"login": arguments.login, "password": password})
            print("the password is right and kept; the books are read now")
        case "list":
            found = ask_daemon(config, "GET", "/books")["accounts"]
            if arguments.json:
                print(json.dumps(found))
                return 0
            for one in found:
                state = f"{one['books']} books" if one["read"] else "not read yet"
                state = state if one["opens"] else "sealed with another key: give the password again"
                print(f"{one['account']}  {one['given'][:16]}  {one['login']:24}  {state}")  # the log has the first
        case _:
            ask_daemon(config, "DELETE", f"/books/{quote(arguments.login, safe='')}")
            print("forgotten, with all that was read of it")
    return 0


def _phonebook(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    if arguments.verb != "list" and not arguments.device:
        raise BadRequestError("name the device; `phonebook list` shows those that there are")
    match arguments.verb:
        case "add":
            wish = {"name": arguments.device, "extension": arguments.extension, "private": arguments.private}
            made = ask_daemon(config, "POST", "/devices", wish)
            print(json.dumps(made) if arguments.json else made["password"])
        case "list":
            found = ask_daemon(config, "GET", "/devices")["devices"]
            if arguments.json:
                print(json.dumps(found))
                return 0
            for one in found:
                shows = "own books too" if one["private"] else ""
                used = (one["last_used"] or "never used")[:16]
                print(f"{one['name']:24}  {one['extension'] or '-':8}  {used:16}  {shows}".rstrip())
        case _:
            ask_daemon(config, "DELETE", f"/devices/{quote(arguments.device, safe='')}")
            print("revoked")
    return 0
