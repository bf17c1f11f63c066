"""Whom a word of the configuration means: a person, everybody of a department, or everybody of a group. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from ami_bridge.people.model import Person

MOST_GROUPS = 50
"""Of one person; more is a mistake of somebody's."""


def means(word: str, person: Person) -> bool:
    """Whether a word means this person: `department:NAME`, `group:NAME`, `person:LOGIN`, or just a login."""
    kind, colon, name = word.partition(":")
    if not colon:
        return word == person.login
    wanted = _plain(name)
    match kind:
        case "department":
            return wanted == _plain(person.department or "") != ""
        case "person":
            return name == person.login
        case "group":
            return any(wanted == _plain(group) for group in person.groups)
        case _:
            return False


def means_any(words: Iterable[str], person: Person) -> bool:
    """Whether one of these words means this person."""
    return any(means(word, person) for word in words)


def roles_of(person: Person, rules: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the roles that the configuration gives a person, each once; everybody is a user."""
    given = (role for word, roles in rules.items() if means(word, person) for role in roles)
    return tuple(dict.fromkeys(["user", *given]))


def _plain(name: str) -> str:
    """Return a name as it is compared: spaces and capitals are no difference."""
    return " ".join(name.split()).casefold()


def overridden(
    person: Person, *, extensions: Mapping[str, Sequence[str]], roles: Mapping[str, Sequence[str]]
) -> Person:
    """Let the configuration have the last word about extensions, and the only one about roles."""
    return structs.replace(
        person,
        extensions=tuple(extensions.get(person.login, person.extensions)),
        roles=roles_of(person, roles),
    )
