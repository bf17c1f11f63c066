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
# Sent once: what comes back is the ACK, which sipp does not take for an answer when it is optional.
_OK_WITH_SDP = _send(
    f"SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n{_CONTACT}\n{_sdp()}",
    retrans=False,
)

# Codes with which a call may fail; sipp knows no "any other".
_FAILURES = ("302", "400", "403", "404", "408", "480", "481", "484", "486", "487", "488", "500", "503", "600", "603")


def _listen(*, label: int, within: str = "") -> str:
    """Answer re-INVITE and UPDATE until BYE comes (jump to `label` + 3), or nothing for a while (to `label` + 4)."""
    limit = f' timeout="{within}" ontimeout="{label + 4}"' if within else ""
    return (
        f'<label id="{label}"/>\n'
        f'<recv request="INVITE" optional="true" next="{label + 1}"{limit}/>\n'
        f'<recv request="ACK" optional="true" next="{label}"{limit}/>\n'
        f'<recv request="UPDATE" optional="true" next="{label + 2}"{limit}/>\n'
        f'<recv request="NOTIFY" optional="true" next="{label + 2}"{limit}/>\n'
        f'<recv request="BYE" next="{label + 3}"{limit}/>\n'
        f'<label id="{label + 1}"/>\n{_OK_WITH_SDP}<nop next="{label}"/>\n'
        f'<label id="{label + 2}"/>\n{_OK}<nop next="{label}"/>\n'
    )


def _talk(*, label: int, bye: str) -> str:
    """Talk for @HOLD@, then whoever is first says goodbye."""
    return (
        _listen(label=label, within="@HOLD@")
        + f'<label id="{label + 3}"/>\n{_OK}{_log("bye from the other")}<nop next="{label + 5}"/>\n'
        + f'<label id="{label + 4}"/>\n{bye}<recv response="200"/>\n{_log("bye")}'
        + f'<label id="{label + 5}"/>\n'
    )


_LIMIT = ' timeout="@WAIT@" ontimeout="80"'


def _rung(ok: str) -> str:
    """Wait for the answer to an INVITE, or to the end of patience."""
    ringing = '<action><log message="ringing"/></action>'
    return (
        f'<recv response="100" optional="true"{_LIMIT}/>\n'
        f'<recv response="180" optional="true"{_LIMIT}>{ringing}</recv>\n'
        f'<recv response="181" optional="true"{_LIMIT}/>\n<recv response="183" optional="true"{_LIMIT}/>\n'
        + "".join(f'<recv response="{code}" optional="true" next="90"{_LIMIT}/>\n' for code in _FAILURES)
        + ok
    )


CALL = (
    _invite()
    + _rung(f'<recv response="200" rrs="true"{_LIMIT}/>\n')
    + _log("answered")
    + _ACK
    + _talk(label=1, bye=_send(_request("BYE", 2)))
    + '<nop next="99"/>\n<label id="80"/>\n'
    + _send(
        "CANCEL sip:@PEER@@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\nMax-Forwards: 70\n"
        f"{_FROM}\nTo: <sip:@PEER@@[remote_ip]>\nCall-ID: [call_id]\nCSeq: 1 CANCEL\nContent-Length: 0\n"
    )
    + '<recv response="200"/>\n<recv response="487"/>\n'
    + _ACK
    + _log("cancelled")
    + '<nop next="99"/>\n<label id="90"/>\n'
    + _log("refused [last_Reason:]")
    + _ACK
    + '<label id="99"/>\n'
)

# Keys travel as telephone-event; Asterisk 22 with sipp 3.6 understands its number 96 and no other.
_WITH_KEYS = (
    _sdp()
    .replace("RTP/AVP 8\n", "RTP/AVP 8 96\n")
    .replace("PCMA/8000\n", "PCMA/8000\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-15\n")
)


def _press(field: str) -> str:
    return f'<nop><action><exec play_dtmf="{field}"/></action></nop>\n'


SPEAK = '<nop><action><exec rtp_stream="@SECOND@,3,8"/></action></nop>\n'
"""Say a sound three times, in a call that goes on."""

DIAL_IN = (
    _send(_request("INVITE", 1, to_tag=False, rest=f"@EXTRA@{_WITH_KEYS}"))
    + '<recv response="100" optional="true"/>\n<recv response="180" optional="true"/>\n'
    + '<recv response="183" optional="true"/>\n<recv response="200" rrs="true"/>\n'
    + _ACK
    + '<pause milliseconds="1200"/>\n'
    + _press("[field1]#[field2]#")
    + '<pause milliseconds="@WAIT@"/>\n@SPEAK@'
    + _log("typed [field0]")
    + _talk(label=1, bye=_send(_request("BYE", 2)))
    + '<label id="99"/>\n'
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

_REFUSES = (
    _answer_invite("@ANSWER@ @REASON@", "@EXTRA@Content-Length: 0\n")
    + '<recv request="ACK"/>\n'
    + _log("refused")
    + '<label id="99"/>\n'
)

REFUSE = _CALLED + _RINGS + _ring("@WAIT@") + _REFUSES

REFUSE_AT_ONCE = _CALLED + _REFUSES

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

# ---- Transfer with consultation: two sipps talk to each other (its "3PCC"), one has the call, the other consults.


def _own_request(method: str, cseq: int, rest: str = "Content-Length: 0\n") -> str:
    """Return a request of the called side in its dialogue."""
    return (
        f"{method} [next_url] SIP/2.0\n{_TOP}From: [$called];tag=[pid]i[call_number]\nTo: [$caller]\n"
        f"Call-ID: [call_id]\nCSeq: {cseq} {method}\n{_CONTACT}\n{rest}"
    )


_AUTH = "[authentication username=@OWN@ password=@PASSWORD@]\n"
_HELD = _sdp("53655766", "sendonly")
_REFER_TO = (
    "Refer-To: <sip:@SECOND@@[remote_ip]?Replaces=[$id]%3Bto-tag%3D[$theirs]%3Bfrom-tag%3D[$ours]>\n"
    "Referred-By: <sip:@OWN@@[remote_ip]>\nContent-Length: 0\n"
)

TRANSFER = (
    _CALLED
    + _RINGS
    + _ring("@WAIT@")
    + _answer_invite("200 OK", f"{_CONTACT}\n{_sdp()}")
    + '<recv request="ACK"/>\n'
    + _log("answered")
    + '<pause milliseconds="@HOLD@"/>\n'
    + _send(_own_request("INVITE", 1, _HELD))
    + '<recv response="100" optional="true"/>\n<recv response="200"/>\n'
    + _send(_own_request("ACK", 1), retrans=False)
    + _log("held")
    + "<sendCmd><![CDATA[\nCall-ID: [call_id]\nX-Go: consult\n\n]]></sendCmd>\n"
    + """\
<recvCmd><action>
<ereg regexp="X-Id: ([0-9A-Za-z%.-]+)" search_in="msg" check_it="true" assign_to="l1,id"/>
<ereg regexp="X-Theirs: ([0-9A-Za-z%.-]+)" search_in="msg" check_it="true" assign_to="l2,theirs"/>
<ereg regexp="X-Ours: ([0-9A-Za-z%.-]+)" search_in="msg" check_it="true" assign_to="l3,ours"/>
</action></recvCmd>
<Reference variables="l1,l2,l3,id,theirs,ours"/>
"""
    + _log("consulted")
    + '<pause milliseconds="@HOLD@"/>\n'
    + _send(_own_request("REFER", 2, _REFER_TO))
    + '<recv response="100" optional="true"/>\n<recv response="202"/>\n'
    + _log("transferred")
    + _listen(label=70)
    + '<label id="73"/>\n'
    + _OK
    + '<label id="99"/>\n'
)

_CONSULT_CALL = "consult///"

CONSULT = (
    """\
<recvCmd><action>
<ereg regexp="X-Go: consult" search_in="msg" check_it="true" assign_to="go"/>
</action></recvCmd>
<Reference variables="go"/>
"""
    + _send(_request("INVITE", 1, to_tag=False, rest=_sdp(), call=_CONSULT_CALL))
    + '<recv response="100" optional="true"/>\n<recv response="401" auth="true"/>\n'
    + _send(_request("ACK", 1, call=_CONSULT_CALL), retrans=False)
    + _send(_request("INVITE", 2, to_tag=False, rest=_AUTH + _sdp(), call=_CONSULT_CALL))
    + """\
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200"><action>
<ereg regexp="tag=([0-9A-Za-z.-]+)" search_in="hdr" header="To:" check_it="true" assign_to="l1,theirs"/>
</action></recv>
<Reference variables="l1,theirs"/>
"""
    + _send(_request("ACK", 2, call=_CONSULT_CALL), retrans=False)
    + _log("consulting")
    + "<sendCmd><![CDATA[\nCall-ID: [call_id]\nX-Id: consult%2F%2F%2F[call_id]\nX-Theirs: [$theirs]\n"
    "X-Ours: [pid]o[call_number]\n\n]]></sendCmd>\n" + _listen(label=1) + '<label id="4"/>\n' + _OK
)
