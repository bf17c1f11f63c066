"""What sipp plays: SIP messages in order, as scenarios in its XML."""

from dataclasses import dataclass, replace
from typing import Self
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is filled into a scenario; times in milliseconds."""

    name: str
    own: str = "sipp"
    """Number of the side that sipp plays."""
    title: str = ""
    peer: str = "nobody"
    second: str = "nobody"
    """Whom it consults in a transfer."""
    password: str = ""
    wait: int = 1000
    """How long it lets ring, or rings itself."""
    hold: int = 2000
    """How long it speaks."""
    answer: str = "200"
    expires: int = 3600
    extra: str = ""
    """More header lines, each with its line's end."""

    def but(self, *, name: str, expires: int) -> Self:
        """Return the same with another name and time of registration."""
        return replace(self, name=name, expires=expires)


REASONS = {
    "302": "Moved Temporarily",
    "404": "Not Found",
    "480": "Temporarily Unavailable",
    "486": "Busy Here",
    "500": "Server Internal Error",
    "503": "Service Unavailable",
    "603": "Decline",
}


def filled(scenario: str, words: Words) -> str:
    """Put the words into a scenario; sipp's own words stand in square brackets and stay."""
    title = words.title.replace("\\", "\\\\").replace('"', '\\"')
    for bad in ("\r", "\n", "[", "]", "]]>"):
        title = title.replace(bad, " ")
    replaced = {
        "@NAME@": escape(words.name),
        "@OWN@": words.own,
        "@TITLE@": f'"{title}" ' if title else "",
        "@PEER@": words.peer,
        "@SECOND@": words.second,
        "@PASSWORD@": words.password,
        "@WAIT@": str(words.wait),
        "@HOLD@": str(words.hold),
        "@ANSWER@": words.answer,
        "@REASON@": REASONS.get(words.answer, "No"),
        "@EXPIRES@": str(words.expires),
        "@EXTRA@": words.extra,
    }
    for marker, value in replaced.items():
        scenario = scenario.replace(marker, value)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{escape(words.name)}">\n{scenario}</scenario>\n'


def _send(text: str, *, retrans: bool = True, attributes: str = "") -> str:
    again = ' retrans="500"' if retrans else ""
    return f"<send{again}{attributes}><![CDATA[\n\n{text}\n]]></send>\n"


def _log(text: str) -> str:
    return f'<nop><action><log message="{text}"/></action></nop>\n'


_SDP = """\
Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 53655765 [@VERSION@] IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=@DIRECTION@
"""


def _sdp(version: str = "53655765", direction: str = "sendrecv") -> str:
    return _SDP.replace("[@VERSION@]", version).replace("@DIRECTION@", direction)


_TOP = """\
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
"""

_FROM = "From: @TITLE@<sip:@OWN@@[local_ip]>;tag=[pid]o[call_number]"
_CONTACT = "Contact: <sip:@OWN@@[local_ip]:[local_port]>"


def _request(method: str, cseq: int, *, to_tag: bool = True, rest: str = "Content-Length: 0\n", call: str = "") -> str:
    """Return a request of the side that called."""
    peer = "[peer_tag_param]" if to_tag else ""
    return (
        f"{method} sip:@PEER@@[remote_ip]:[remote_port] SIP/2.0\n{_TOP}{_FROM}\n"
        f"To: <sip:@PEER@@[remote_ip]>{peer}\nCall-ID: {call}[call_id]\nCSeq: {cseq} {method}\n{_CONTACT}\n{rest}"
    )


def _invite(rest: str = "") -> str:
    return _send(_request("INVITE", 1, to_tag=False, rest=f"@EXTRA@{rest}{_sdp()}"))


_ACK = _send(_request("ACK", 1), retrans=False)
_OK = _send(
    "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
    f"{_CONTACT}\nContent-Length: 0\n",
    retrans=False,
)
_OK_WITH_SDP = _send(
    f"SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n{_CONTACT}\n{_sdp()}"
)

# Codes with which a call may fail; sipp knows no "any other".
_FAILURES = ("302", "400", "403", "404", "408", "480", "481", "484", "486", "487", "488", "500", "503", "600", "603")


def _talk(*, label: int, bye: str) -> str:
    """Talk for @HOLD@: re-INVITE and UPDATE are answered, then whoever is first says goodbye."""
    again, update, over, end = label, label + 1, label + 2, label + 3
    return (
        f'<label id="{again}"/>\n'
        f'<recv request="INVITE" optional="true" next="{update}" timeout="@HOLD@" ontimeout="{over}"/>\n'
        f'<recv request="ACK" optional="true" next="{again}"/>\n'
        f'<recv request="UPDATE" optional="true" next="{update}"/>\n'
        f'<recv request="BYE" timeout="@HOLD@" ontimeout="{over}"/>\n'
        f"{_log('bye from the other')}{_OK}"
        f'<nop next="{end}"/>\n'
        f'<label id="{update}"/>\n{_OK_WITH_SDP}<nop next="{again}"/>\n'
        f'<label id="{over}"/>\n{bye}<recv response="200"/>\n{_log("bye")}'
        f'<label id="{end}"/>\n'
    )


def _answers(*, ok: str, failed: int) -> str:
    """Wait for the answer to an INVITE."""
    return (
        '<recv response="100" optional="true"/>\n<recv response="180" optional="true"/>\n'
        '<recv response="181" optional="true"/>\n<recv response="183" optional="true"/>\n'
        + "".join(f'<recv response="{code}" optional="true" next="{failed}"/>\n' for code in _FAILURES)
        + ok
    )


_FAILED = (
    '<label id="90"/>\n<nop><action><log message="refused [last_Reason:]"/></action></nop>\n'
    + _ACK
    + '<label id="99"/>\n'
)

CALL = (
    _invite()
    + _answers(ok='<recv response="200" rrs="true"/>\n', failed=90)
    + _log("answered")
    + _ACK
    + _talk(label=1, bye=_send(_request("BYE", 2)))
    + '<nop next="99"/>\n'
    + _FAILED
)

CALL_AND_CANCEL = (
    _invite()
    + '<recv response="100" optional="true"/>\n<recv response="180"/>\n'
    + _log("ringing")
    + '<pause milliseconds="@WAIT@"/>\n'
    + _send(
        "CANCEL sip:@PEER@@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\nMax-Forwards: 70\n"
        f"{_FROM}\nTo: <sip:@PEER@@[remote_ip]>\nCall-ID: [call_id]\nCSeq: 1 CANCEL\nContent-Length: 0\n"
    )
    + '<recv response="200"/>\n<recv response="487"/>\n'
    + _ACK
    + _log("cancelled")
)


# ---- The side that is called

_REPLY = "[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]i[call_number]\n[last_Call-ID:]\n"
_CALLED = """\
<recv request="INVITE" rrs="true"><action>
<ereg regexp="sip:([^@;> ]*)" search_in="msg" check_it="true" assign_to="line,number"/>
<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" check_it="true" assign_to="cseq"/>
<ereg regexp=".*" search_in="hdr" header="From:" check_it="true" assign_to="caller"/>
<ereg regexp=".*" search_in="hdr" header="To:" check_it="true" assign_to="called"/>
<log message="invite [$number] from [$caller]"/></action></recv>
<Reference variables="line,cseq,caller,called,number"/>
"""
_RINGS = _send(f"SIP/2.0 180 Ringing\n{_REPLY}[last_CSeq:]\n{_CONTACT}\nContent-Length: 0\n", retrans=False)


def _ring(within: str) -> str:
    """Ring for a while; the caller may give up meanwhile."""
    return (
        f'<recv request="CANCEL" timeout="{within}" ontimeout="50"/>\n'
        + _log("cancel")
        + _OK
        + _send(f"SIP/2.0 487 Request Terminated\n{_REPLY}CSeq: [$cseq] INVITE\nContent-Length: 0\n")
        + '<recv request="ACK"/>\n<nop next="99"/>\n<label id="50"/>\n'
    )


def _answer_invite(status: str, rest: str) -> str:
    # After a time limit the last message is still the INVITE.
    return _send(f"SIP/2.0 {status}\n{_REPLY}[last_CSeq:]\n{rest}")


_BYE_BY_CALLED = _send(
    f"BYE [next_url] SIP/2.0\n{_TOP}From: [$called];tag=[pid]i[call_number]\nTo: [$caller]\n"
    "Call-ID: [call_id]\nCSeq: 1 BYE\nContent-Length: 0\n"
)

ANSWER = (
    _CALLED
    + _RINGS
    + _ring("@WAIT@")
    + _answer_invite("200 OK", f"{_CONTACT}\n{_sdp()}")
    + '<recv request="ACK"/>\n'
    + _log("answered")
    + _talk(label=1, bye=_BYE_BY_CALLED)
    + '<label id="99"/>\n'
)

REFUSE = (
    _CALLED
    + _RINGS
    + _ring("@WAIT@")
    + _answer_invite("@ANSWER@ @REASON@", "@EXTRA@Content-Length: 0\n")
    + '<recv request="ACK"/>\n'
    + _log("refused")
    + '<label id="99"/>\n'
)

RING = _CALLED + _RINGS + _ring("600000") + '<label id="99"/>\n'

REGISTER = (
    _send(
        f"REGISTER sip:[remote_ip]:[remote_port] SIP/2.0\n{_TOP}From: <sip:@OWN@@[remote_ip]>;tag=[pid]r\n"
        "To: <sip:@OWN@@[remote_ip]>\nCall-ID: [call_id]\nCSeq: 1 REGISTER\n"
        f"{_CONTACT}\nExpires: @EXPIRES@\nContent-Length: 0\n"
    )
    + '<recv response="401" auth="true"/>\n'
    + _send(
        f"REGISTER sip:[remote_ip]:[remote_port] SIP/2.0\n{_TOP}From: <sip:@OWN@@[remote_ip]>;tag=[pid]r\n"
        "To: <sip:@OWN@@[remote_ip]>\nCall-ID: [call_id]\nCSeq: 2 REGISTER\n"
        f"{_CONTACT}\nExpires: @EXPIRES@\n[authentication username=@OWN@ password=@PASSWORD@]\nContent-Length: 0\n"
    )
    + '<recv response="200"/>\n'
)
