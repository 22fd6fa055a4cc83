"""The card side: framework and applet of a phone, honest or with one lie.

`lie` is a function of (step, answer) that returns the answer to send; steps are named below.
"""
import hashlib
import secrets
import socket

from second.peer import (APPLET, DEVICE_SIGNS, FOREVER, FRAMEWORK, G, M, ORDER, Cert, Channel, Key,
                         Refused, Terms, VEHICLE_SIGNS, add, certificate, der, der_int,
                         endpoint_facts, mul, name, octets, password_scalars, point, receive,
                         send_message, spake_device, take, tlv, tlvs, verify)

OK = b"\x90\x00"


def honest(step, answer):
    return answer


class Maker:
    """Device maker D, its certificate F under the automaker's root, and an Instance CA E."""

    def __init__(self, root_public, maker_key, f_der):
        self.root_public, self.key, self.f = root_public, maker_key, Cert(f_der)
        self.ca_key = Key()
        self.ca_name = name(secrets.token_hex(8).upper())
        value = der(0x30, der_int(1), der(4, bytes.fromhex("00000100")))
        self.e = certificate(self.ca_name, self.f.subject, maker_key, self.ca_key.public, 3, value,
                             path_len=0)


class Phone:
    def __init__(self, maker, password):
        self.maker, self.password, self.lie = maker, password.encode(), honest
        self.log = []          # every command and answer of the last visit
        self.wrote = {}        # what the car wrote in pairing
        self.endpoint = self.persistent = None
        self.control = None    # P1 P2 of the last CONTROL FLOW
        self.app = self.state = None
        self.creation_change = {}

    # --- link ---
    def visit(self, port, seconds=5):
        """Lies on a reader until the car hangs up or has said CONTROL FLOW; returns P1 P2."""
        self.log, self.control, self.app, self.state = [], None, None, None
        self.failure = None
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (message := receive(sock)) is not None:
                if len(message) == 1:
                    self.field(message[0], sock)
                    continue
                answer = self.answer(message)
                self.log.append((message, answer))
                if answer is None:
                    break
                send_message(sock, answer)
                if self.control is not None and self.ended(message):
                    break
        return self.control

    def ended(self, message):
        return message[1] == 0x3c and message[2] in (0, 1, 0x12)

    def field(self, code, sock):
        if code == 4:
            send_message(sock, bytes.fromhex("3B80800101"))
        elif code in (0, 2):
            self.app = None
            self.state = "reset" if self.state == "armed" else None

    def answer(self, apdu):
        try:
            step, body, sw = self.command(apdu)
            answer = (body or b"") + sw
        except Refused as why:
            self.failure = str(why)
            step, answer = "refused", b"\x6a\x80"
            self.state = None
        return self.lie(step, answer)

    def command(self, apdu):
        ins, data = apdu[1], apdu[5:5 + apdu[4]] if len(apdu) > 5 else b""
        if ins == 0xa4:
            return self.select(data)
        if self.app == FRAMEWORK:
            steps = {0x30: self.request, 0x32: self.verify, 0xd4: self.write_data,
                     0xca: self.get_data, 0xc0: self.get_response, 0x3c: self.op_control}
        elif self.app == APPLET:
            steps = {0x80: self.auth0, 0x81: self.auth1, 0xc9: self.exchange, 0x3c: self.op_control}
        else:
            return "nobody", b"", b"\x69\x85"
        if ins not in steps:
            return "unknown", b"", b"\x6d\x00"
        return steps[ins](apdu, data)

    def select(self, aid):
        if aid == FRAMEWORK:
            self.app = aid
            self.state = "reading" if self.state == "reset" else "selected"
            body = tlv(0x5a, b"\x01\x00") + tlv(0x5c, b"\x01\x00") + tlv(0xd4, b"\x02")
            return "framework", body, OK
        if aid == APPLET and self.endpoint:
            self.app, self.state = aid, "selected"
            return "applet", tlv(0x5c, b"\x01\x00"), OK
        return "nobody", b"", b"\x6a\x82"

    def op_control(self, apdu, _):
        self.control = apdu[2:4]
        if self.app == FRAMEWORK and self.control == b"\x10\x01":
            self.make_endpoint()
            self.state = "armed"
        return "control", b"", OK

    # --- framework ---
    def request(self, _, data):
        version, self.versions, scrypt, brand = take(data, 0x5b, 0x5c, 0x7f50, 0xd6)
        salt, n, r, p = take(scrypt, 0xc0, 0xc1, 0xc2, 0xc3)
        if version != b"\x01\x00" or len(brand) != 2 or len(salt) != 16:
            raise Refused("REQUEST")
        self.w0, self.w1 = password_scalars(self.password, salt, *(
            int.from_bytes(v, "big") for v in (n, r, p)))
        self.x = secrets.randbelow(ORDER - 1) + 1
        self.tlv_versions = tlv(0x5b, version) + tlv(0x5c, self.versions)
        x_pt = add(mul(self.x, G), mul(self.w0, M))
        return "request", tlv(0x50, octets(x_pt)), OK

    def verify(self, _, data):
        y, evidence = take(data, 0x52, 0x57)
        m1, m2, self.channel = spake_device(self.w0, self.w1, self.x, point(y), self.tlv_versions)
        if m1 != evidence:
            return "verify", b"", b"\x6a\x88"
        self.received, self.wrote = b"", {}
        return "verify", tlv(0x58, m2), OK

    def write_data(self, _, data):
        self.received += self.channel.open_command(data)
        if self.received.endswith(b"\x5f\x5f\x00"):
            for tag, value in tlvs(self.received):
                self.wrote[tag] = value
            self.received = b""
        return "write", self.channel.seal_answer(b""), OK

    def make_endpoint(self):
        """Checks what the car wrote and makes key and certificate H from it."""
        vehicle_cert = Cert(self.wrote[0x7f4b])
        (vehicle, group1, group2, confidential, private, slot, authorized, vehicle_pk) = take(
            self.wrote[0x7f4a], 0x4d, 0x46, 0x47, 0x4a, 0x4b, 0x4e, 0x49, 0xdf01)
        if (vehicle_cert.public != vehicle_pk or authorized != self.maker.root_public
                or vehicle_cert.common_name != vehicle.hex().upper()):
            raise Refused("certificate K does not fit")
        self.vehicle, self.vehicle_pk, self.slot = vehicle, vehicle_pk, slot
        self.key, self.endpoint = Key(), secrets.token_bytes(8)
        self.confidential = bytearray(int.from_bytes(confidential, "big"))
        self.private = bytearray(int.from_bytes(private, "big"))
        self.windows = take(self.wrote[0x7f4e], 0x4a, 0x4b)
        facts = dict(vehicle=vehicle, endpoint=self.endpoint, options=group1 + group2,
                     confidential=len(self.confidential), private=len(self.private), slot=slot,
                     vehicle_pk=vehicle_pk, authorized=authorized, versions=self.versions)
        facts.update(self.creation_change)
        self.h = certificate(name(self.endpoint.hex().upper()), self.maker.ca_name,
                             self.maker.ca_key, self.key.public, 4, endpoint_facts(**facts),
                             dates=FOREVER)
        self.persistent = None
        self.parts = b""

    def get_data(self, _, data):
        tag = self.channel.open_command(data)
        objects = {b"\x7f\x24": self.h, b"\x7f\x22": self.maker.e, b"\x7f\x20": self.maker.f.whole}
        self.parts = self.lie("object " + tag.hex(), objects.get(tag, tag + b"\x00"))
        return self.next_part()

    def get_response(self, _, data):
        if self.channel.open_command(data) != b"" or not self.parts:
            raise Refused("GET RESPONSE")
        return self.next_part()

    def next_part(self):
        part, self.parts = self.parts[:239], self.parts[239:]
        left = len(self.parts)
        sw = OK if not left else bytes([0x61, left if left < 256 else 0])
        return "part", self.channel.seal_answer(part), sw

    # --- applet ---
    def auth0(self, apdu, data):
        version, vehicle_e, tid, vehicle = take(data, 0x5c, 0x87, 0x4c, 0x4d)
        point(vehicle_e)
        self.ephemeral = Key()
        self.vehicle_e = vehicle_e
        self.terms = Terms(vehicle, vehicle_e, self.ephemeral.public, tid, apdu[2:4], version)
        body = tlv(0x86, self.ephemeral.public)
        self.was_fast = False
        if apdu[2] & 1:
            cryptogram = secrets.token_bytes(16)
            if self.persistent and apdu[3:4] in (b"\x01", b"\x02"):
                cryptogram, keys = self.terms.fast(self.persistent, self.vehicle_pk,
                                                   self.key.public, b"\x01\x00")
                self.was_fast = True
            body += tlv(0x9d, cryptogram)
        return "auth0", body, OK

    def auth1(self, _, data):
        (signature,) = take(data, 0x9e)
        try:
            if self.terms.vehicle_id != self.vehicle:
                raise Refused("another car")
            verify(self.vehicle_pk, self.terms.signed(VEHICLE_SIGNS), signature)
        except Refused as why:
            self.failure = str(why)
            return "auth1", b"", b"\x69\x82"
        shared = self.ephemeral.ecdh(self.vehicle_e)
        _, self.persistent, keys = self.terms.standard(shared)
        self.channel, self.was_fast = Channel(*keys), False
        signed = self.key.sign(self.terms.signed(DEVICE_SIGNS))
        plain = self.lie("auth1 plain", tlv(0x4e, self.slot) + tlv(0x9e, signed)
                         + self.window(0x4a, self.windows[0], self.confidential)
                         + self.window(0x4b, self.windows[1], self.private))
        return "auth1", self.channel.seal_answer(plain), OK

    def window(self, tag, where, box):
        offset, size = int.from_bytes(where[:2], "big"), where[2]
        return tlv(tag, bytes(box[offset:offset + size]))

    def exchange(self, _, data):
        plain = self.channel.open_command(data)
        for tag, value in tlvs(plain[1:]):
            box = {0x8a: self.private, 0x8b: self.confidential}.get(tag)
            if box is None:
                raise Refused("operation %x" % tag)
            offset = int.from_bytes(value[:2], "big")
            box[offset:offset + len(value) - 2] = value[2:]
        return "exchange", self.channel.seal_answer(b"\x00\x02\x00\x00"), OK

    def key_id(self):
        return hashlib.sha1(self.key.public).hexdigest()
