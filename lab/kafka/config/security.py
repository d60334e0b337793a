"""Settings of access control: whether brokers ask who may do what, and who may do all."""

from lab.kafka.config.definition import InvalidConfig, Setting

STANDARD_AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
ACCESS_CONTROL = (
    Setting("allow.everyone.if.no.acl.found", False, "whether all may do all with what no ACL is for"),
    Setting(
        "authorizer.class.name", "", "whether brokers look for ACLs before they do something",
        choices=("", STANDARD_AUTHORIZER),
    ),
    Setting("super.users", "", "principals that may do all, like `User:admin`, with semicolons between"),
)  # fmt: skip


def super_users(text: str) -> tuple[str, ...]:
    """The principals that `super.users` names. Raises InvalidConfig."""
    found = tuple(one.strip() for one in text.split(";") if one.strip())
    for one in found:
        kind, colon, name = one.partition(":")
        if not kind or not colon or not name:
            raise InvalidConfig(
                f"super.users: wanted principals like User:admin with semicolons between, found {one!r}"
            )
    return found
