"""Forty secrets of several shapes, and every text in which one of them would be given away."""

import base64
import json
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretBytes, SecretStr

API_KEY = "Zk4Vq8Wm2Lx6Rt9Yp3Bn7Hd5"
"""The provider's own: no pattern knows it."""
HEADER_KEY = "gateway-8Hq2Vx5Nc1"
NAMED = {
    "alphanumeric": "Qx7TnW2mLp9RvK4c",
    "hex": "9f86d081884c7d659a2feaa0c55ad015",
    "shortest": "s3cr3t",
    "sentence": "correct horse battery staple",
    "quoted": "pa\"ss\\w0rd's",
    "markup": "<b>&a=1;'2'>",
    "path": "a/b/c?d=e&f=%41#g",
    "padded": "bm90IGEga2V5IQ+/abc==",
    "accents": "geheimnisträger-ÄÖ",
    "characters": "秘密の鍵は七七七",
    "emoji": "key-🔑-🔒-🗝",
    "lines": "first line\nsecond\tline\r\nthird",
    "percent": "100%25%2Fdone%",
    "database": "postgresql://ada:pw-7741-xy@db.internal:5432/shop",
    "braces": '{"user": "ada", "pin": 774411}',
    "long": "".join(f"{n * 7919 % 997:03d}x" for n in range(60)),
}

R = "q8Zr2Kd7Wm1Lx5Vt9Yp3Bn6Hc4Js0FgT"
PATTERNED = (
    f"sk-ant-api03-{R}",
    f"sk-or-v1-{'9f86d081' * 8}",
    f"sk-proj-{R}",
    f"ghp_{R}AbC1",
    f"github_pat_{R}_{R}",
    f"glpat-{R[:20]}",
    "AKIAIOSFODNN7EXAMPLE",
    f"AIza{R}AbC",
    f"GOCSPX-{R[:28]}",
    f"ya29.{R}",
    f"xoxb-1234567890-{R[:12]}",
    f"sk_live_{R[:24]}",
    f"npm_{R}AbC1",
    f"hf_{R}",
    f"whsec_{R}",
    f"gsk_{R}{R[:10]}",
    f"SG.{R[:22]}.{R}{R[:11]}",
    f"eyJ{R}.eyJ{R}.{R}",
    "emp-774411",
)
SECRET_PATTERNS = ("default", "emp-[0-9]{6}")


class Login(BaseModel):
    user: str = "ada"
    password: SecretStr = SecretStr("hunter2-hunter2-deep")


@dataclass
class Deps:
    login: Login = field(default_factory=Login)
    token: SecretStr = field(default_factory=lambda: SecretStr("tok/en+with=signs"))
    raw: SecretBytes = field(default_factory=lambda: SecretBytes(b"raw-bytes-of-a-key"))


IN_DEPS = ("hunter2-hunter2-deep", "tok/en+with=signs", "raw-bytes-of-a-key")
VALUES = (*NAMED.values(), *IN_DEPS, API_KEY)
COUNT = len(VALUES) + len(PATTERNED) + 1


def forms(value: str) -> dict[str, str]:
    """How a value looks in other clothes, made with nothing of voxagent's; and what must not be seen of it.

    Of base64, the ends depend on the neighbours.
    """
    data = value.encode()
    plain = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    plain |= {data.hex(), data.hex().upper(), quote(value), quote(value, safe=""), quote_plus(value)}
    found = {form: form for form in plain}
    if len(data) >= 12:
        for ahead in (b"", b"a", b"ab"):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                form = encode(ahead + data + b"z").decode()
                found[form] = form[4:-4]
    return found


FORMS = {value: forms(value) for value in VALUES}
NEEDLES = tuple(
    sorted(
        {needle for found in FORMS.values() for needle in found.values()}
        | {repr(value)[1:-1] for value in VALUES}
        | {*PATTERNED, HEADER_KEY}
    )
)
PAYLOAD = "\n".join([*(f"{form};" for found in FORMS.values() for form in sorted(found)), *PATTERNED, "end"])
"""All of them, as a careless text would have them; the header's key has a test of its own."""


def seen(text: str | bytes) -> list[str]:
    """The secrets that a text gives away."""
    if isinstance(text, str):
        return [needle for needle in NEEDLES if needle in text]
    return [needle for needle in NEEDLES if needle.encode() in text]
