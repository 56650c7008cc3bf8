"""What the rack file says of alerts: what is worth one, where it goes, and which addresses may be connected to.

    alerts:
      - on: [job_failed, verdict_fail, slot_stuck, drive_hot, rack_full, rack_idle]
        url: https://hooks.example.org/rack      http only to this host itself
        secret_env: RACK_ALERT_SECRET            or secret_file: a path, from the rack file's folder
        networks: [10.20.0.0/16]                 private addresses that the name may stand for; left out = none

The host comes from here and from nowhere else. Other hosts' own addresses (127.x, 169.254.x, where clouds keep their
keys) are never connected to under a name.
"""

import ipaddress
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.settings.plans import nearest

Address = IPv4Address | IPv6Address


class Occasion(StrEnum):
    """What is worth an alert."""

    JOB_FAILED = "job_failed"
    """A job ended without an answer, and nobody had cancelled it. Not told of a job that another one started."""
    VERDICT_FAIL = "verdict_fail"
    SLOT_STUCK = "slot_stuck"
    """A slot takes no job until somebody acts: STUCK, in CONFLICT, or QUARANTINED."""
    DRIVE_HOT = "drive_hot"
    """A job met a drive that is too hot; once a job."""
    RACK_FULL = "rack_full"
    """No slot is empty any more."""
    RACK_IDLE = "rack_idle"
    """Nothing runs or waits any more."""


def _refused(text: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{text}", {"text": text})


def _occasion(value: object) -> Occasion:
    words = tuple(word.value for word in Occasion)
    if value in words:
        return Occasion(str(value))
    raise _refused(f"no alert is called {value!r}{nearest(str(value), words) or '; it takes ' + ', '.join(words)}")


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ipaddress.ip_network(str(value))
    except ValueError as exc:
        raise _refused(f"networks takes addresses such as 10.20.0.0/16: {exc}") from exc


def _url(value: str) -> str:
    """No part of it is shown in an error: the path of a webhook often is its password."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise _refused("url is not an address such as https://hooks.example.org/rack") from exc
    if not host or not value.isascii() or not value.isprintable() or " " in value:
        raise _refused("url is not an address such as https://hooks.example.org/rack")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_this_host(host)):
        raise _refused("url takes https; http only to this host itself, such as http://127.0.0.1:9000/")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused("url takes no user, no password and no #fragment; the body is signed")
    return value


def is_this_host(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class AlertSettings(BaseModel):
    """What is told to one webhook."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: Annotated[
        tuple[Annotated[Occasion, PlainValidator(_occasion, json_schema_input_type=Occasion)], ...],
        Field(min_length=1),
        BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    ]
    url: Annotated[str, Field(max_length=2000), AfterValidator(_url)]
    secret_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """The environment variable with the secret that signs."""
    secret_file: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """The file with it; relative to the rack file's folder."""
    networks: tuple[
        Annotated[IPv4Network | IPv6Network, PlainValidator(_network, json_schema_input_type=str)], ...
    ] = ()
    """Private addresses that may be connected to, such as 10.20.0.0/16."""

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.secret_env is None) is (self.secret_file is None):
            raise PydanticCustomError("needs", "needs secret_env or secret_file, and not both")
        return self

    @property
    def host(self) -> str:
        """What may be shown of the url."""
        return urlsplit(self.url).hostname or ""

    def may_reach(self, address: Address) -> bool:
        """Whether the url's host may stand for this address."""
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        if address.is_loopback:
            return is_this_host(self.host)
        return address.is_global or any(address in network for network in self.networks)
