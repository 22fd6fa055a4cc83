"""The reader side: a car that pairs with a phone and opens itself for it, honest or with one lie.

`lie` is a function of (step, command) that returns the command to send.
"""
import hashlib
import os
import secrets
import socket
import time

from second.peer import (APPLET, DEVICE_SIGNS, FRAMEWORK, G, N, ORDER, Cert, Channel,
                         InvalidSignature, Key, Refused, Terms, VEHICLE_SIGNS, add, der_read, ec,
                         endpoint_facts, hashes, mul, octets, password_scalars, point, receive,
                         role_oid, send_message, spake_vehicle, take, tlv, verify)

MAP = bytes.fromhex("C0020001C1020002C2020012C3020040D0020000D1020640D20120D30102D4020200D50101")


def honest(step, command):
    return command


class Ended(Exception):
    """The phone answered something else than 9000 or 61xx: args[0] is the status word."""


class Car:
    def __init__(self, vehicle_key, k_der, root_public, password):
        self.key, self.k, self.root_public = vehicle_key, Cert(k_der), root_public
        self.vehicle = bytes.fromhex(self.k.common_name)
        self.password, self.lie = password.encode(), honest
        self.slot = secrets.token_bytes(2)
        self.persistent, self.log = None, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sock = None

    # --- link ---
    def wait(self, seconds=5):
        self.listener.settimeout(seconds)
        self.sock, _ = self.listener.accept()
        self.sock.settimeout(seconds)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        send_message(self.sock, b"\x01")

    def hang_up(self):
        if self.sock:
            self.sock.close()
        self.sock = None

    def send(self, step, head, body=b"", sealed=False):
        """Sends one command; returns (body of the answer, status word)."""
        if sealed:
            body = self.channel.seal_command(body)
        command = bytes.fromhex(head) + (bytes([len(body)]) + body if body else b"")
        if body and head[2:4] != "3c":
            command += b"\x00"
        command = self.lie(step, command)
        send_message(self.sock, command)
        answer = receive(self.sock)
        self.log.append((command, answer))
        if answer is None or len(answer) < 2:
            raise Ended("gone")
        sw = answer[-2:].hex()
        if sw != "9000" and sw[:2] != "61":
            raise Ended(sw)
        return (self.channel.open_answer(answer[:-2]) if sealed else answer[:-2]), sw

    def select(self, aid):
        return self.send("select", "00a40400", aid)[0]

    # --- pairing ---
    def pair(self):
        self.agree()
        self.write_all()
        self.send("continue", "803c1001")
        self.reset()
        self.read_all()
        self.attest()
        self.send("accept", "803c1002")

    def reset(self):
        """Resets the field; a phone that still makes its key answers 6985 (D19)."""
        send_message(self.sock, b"\x02")
        for _ in range(50):
            try:
                return self.select(FRAMEWORK)
            except Ended as why:
                if why.args[0] != "6985":
                    raise
            time.sleep(0.1)
        raise Refused("the key is never ready")

    def agree(self):
        modes = take(self.select(FRAMEWORK), 0x5a, 0x5c, 0xd4)
        if modes[2] != b"\x02":
            raise Refused("the phone has no password")
        salt, n = secrets.token_bytes(16), 4096
        w0, w1 = password_scalars(self.password, salt, n, 8, 1)
        self.versions = b"\x01\x00"
        head = tlv(0x5b, b"\x01\x00") + tlv(0x5c, self.versions)
        scrypt = tlv(0x7f50, tlv(0xc0, salt), tlv(0xc1, n.to_bytes(4, "big")),
                     tlv(0xc2, b"\x00\x08"), tlv(0xc3, b"\x00\x01"))
        answer, _ = self.send("request", "80300000", head + scrypt + tlv(0xd6, b"\x00\x00"))
        x_pt = point(take(answer, 0x50)[0])
        y = secrets.randbelow(ORDER - 1) + 1
        y_pt = add(mul(y, G), mul(w0, N))
        m1, m2, self.channel = spake_vehicle(w0, mul(w1, G), y, x_pt, head)
        answer, _ = self.send("verify", "80320000", tlv(0x52, octets(y_pt)) + tlv(0x57, m1))
        if take(answer, 0x58)[0] != m2:
            raise Refused("evidence M[2]")

    def creation(self):
        return (tlv(0x4d, self.vehicle) + tlv(0x46, b"\x13") + tlv(0x47, b"\x81")
                + tlv(0x4a, b"\x01\x20") + tlv(0x4b, b"\x06\x40") + tlv(0x4e, self.slot)
                + tlv(0x49, self.root_public) + tlv(0xdf01, self.key.public))

    def write_all(self):
        data = self.lie("data", tlv(0x7f4a, self.creation()) + tlv(0x7f4b, self.k.whole)
                        + tlv(0x7f4d, MAP)
                        + tlv(0x7f4e, tlv(0x4a, bytes.fromhex("000020")),
                              tlv(0x4b, bytes.fromhex("000001")))
                        + tlv(0x5f5f))
        while data:
            piece, data = data[:239], data[239:]
            head = "84d40000" if data else "84d48000"
            if self.send("write", head, piece, sealed=True)[0]:
                raise Refused("WRITE DATA has a body")

    def get(self, tag):
        whole, sw = self.send("get", "84ca0000", tag, sealed=True)
        while sw != "9000":
            part, sw = self.send("more", "84c00000", sealed=True)
            whole += part
        if der_read(whole)[2] or len(der_read(whole)[0]) != len(whole):
            raise Refused("object is not one DER element")
        return Cert(whole)

    def read_all(self):
        h, e, f = self.get(b"\x7f\x24"), self.get(b"\x7f\x22"), self.get(b"\x7f\x20")
        above = Key.__new__(Key)
        above.public = self.root_public
        issuer = None
        for cert in (f, e, h):
            check_signed(cert, above.public)
            if issuer is not None and cert.issuer != issuer.subject:
                raise Refused("chain of names")
            above.public, issuer = cert.public, cert
        facts = endpoint_facts(self.vehicle, bytes.fromhex(h.common_name), b"\x13\x81", 0x120,
                               0x640, self.slot, self.key.public, self.root_public, self.versions)
        if role_oid(4) + b"\x01\x01\xff" not in h.tbs or facts not in h.tbs:
            raise Refused("H does not say what was agreed")
        self.device, self.h = h.public, h

    def attest(self):
        signed = (tlv(0x41, b"\x01") + tlv(0x4d, self.vehicle) + tlv(0x5a, self.device)
                  + tlv(0xdf1c, b"\x01") + tlv(0xdf1d, bytes(4))
                  + tlv(0xdf1e, hashlib.sha256(self.h.whole).digest())
                  + tlv(0x93, b"VATT"))
        signed += tlv(0x9e, self.key.sign(signed))
        self.send("attest", "84d48000", tlv(0x5f5a, signed) + tlv(0x5f5f), sealed=True)

    # --- transaction ---
    def tap(self, code=1, fast=False):
        """Returns "fast" or "standard"; raises Ended or Refused."""
        listed = take(self.select(APPLET), 0x5c)[0]
        ephemeral, tid = Key(), secrets.token_bytes(16)
        p1p2 = bytes([1 if fast else 0, code])
        body = (tlv(0x5c, b"\x01\x00") + tlv(0x87, ephemeral.public) + tlv(0x4c, tid)
                + tlv(0x4d, self.vehicle))
        answer, _ = self.send("auth0", "8080" + p1p2.hex(), body)
        tags = (0x86, 0x9d) if fast else (0x86,)
        device_e, *cryptogram = take(answer, *tags)
        terms = Terms(self.vehicle, ephemeral.public, device_e, tid, p1p2, b"\x01\x00")
        if fast and self.persistent:
            want, keys = terms.fast(self.persistent, self.key.public, self.device, listed)
            if cryptogram[0] == want:
                self.channel = Channel(*keys)
                return "fast"
        signature = self.key.sign(terms.signed(VEHICLE_SIGNS))
        _, persistent, keys = terms.standard(ephemeral.ecdh(device_e))
        self.channel = Channel(*keys)
        body, _ = self.send("auth1", "80810000", tlv(0x9e, signature))
        slot, signed, self.token, _ = take(self.channel.open_answer(body), 0x4e, 0x9e, 0x4a, 0x4b)
        verify(self.device, terms.signed(DEVICE_SIGNS), signed)
        if slot != self.slot:
            raise Refused("slot")
        self.persistent = persistent
        return "standard"

    def exchange(self, plain):
        return self.send("exchange", "84c90000", plain, sealed=True)[0]

    def good_bye(self, p1p2="0100"):
        self.send("control", "803c" + p1p2)


def check_signed(cert, public):
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    try:
        key.verify(cert.signature, cert.tbs, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused("signature of a certificate") from None


class Control:
    """Stands where the control socket of a car would be, so that a phone is told our port."""

    def __init__(self, path):
        self.path = path
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(path)
        os.chmod(path, 0o600)
        self.server.listen(1)
        self.server.settimeout(5)

    def accept(self):
        return self.server.accept()[0]

    def close(self):
        self.server.close()
        os.unlink(self.path)
