"""Every known answer printed in spec/*.md, computed anew and looked for in the page."""
import hashlib
import hmac
import os

from second.car import MAP
from second.peer import (APPLET, DEVICE_SIGNS, FRAMEWORK, G, M, N, ORDER, Channel, Key, Terms,
                         VEHICLE_SIGNS, add, endpoint_facts, extension, mac, mul, octets,
                         password_scalars, role_oid, spake_device, spake_vehicle, tlv, verify)


class Page:
    def __init__(self, folder, name):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            self.text = "".join(f.read().split()).lower().replace("…", "")
        self.name, self.missing = name, []

    def has(self, what, *values):
        """One of the label and its bytes, in this order, is on the page."""
        wanted = "".join(v if isinstance(v, str) else v.hex() for v in values).lower()
        if "".join(wanted.split()) not in self.text:
            self.missing.append("%s: %s" % (self.name, what))


def key(byte):
    return Key(int.from_bytes(bytes([byte]) * 32, "big"))


def nonce_rfc6979(secret, digest):
    """k of RFC 6979, section 3.2, for P-256 and SHA-256."""
    seed = secret.to_bytes(32, "big") + (int.from_bytes(digest, "big") % ORDER).to_bytes(32, "big")
    k, v = bytes(32), b"\x01" * 32
    for step in (b"\x00", b"\x01"):
        k = hmac.digest(k, v + step + seed, "sha256")
        v = hmac.digest(k, v, "sha256")
    while True:
        v = hmac.digest(k, v, "sha256")
        if 0 < int.from_bytes(v, "big") < ORDER:
            return int.from_bytes(v, "big")
        k = hmac.digest(k, v + b"\x00", "sha256")
        v = hmac.digest(k, v, "sha256")


def sign_rfc6979(signer, message):
    """Older releases of the Python package sign with random nonces only."""
    digest = hashlib.sha256(message).digest()
    k = nonce_rfc6979(signer.secret, digest)
    r = mul(k, G)[0] % ORDER
    s = pow(k, -1, ORDER) * (int.from_bytes(digest, "big") + r * signer.secret) % ORDER
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def spake(spec):
    page, secrets_page = Page(spec, "pairing.md"), Page(spec, "crypto.md")
    salt, versions = b"yellowsubmarines", tlv(0x5b, b"\x01\x01") + tlv(0x5c, b"\x01\x01\x01\x00")
    w0, w1 = password_scalars(b"pleaseletmein", salt, 32768, 8, 1)
    x = int.from_bytes(bytes(range(32)), "big")
    y = int.from_bytes(bytes.fromhex(
        "f1e1d1c1b1a191817161514131211101f0e0d0c0b0a090807060504030201000"), "big")
    big_x = add(mul(x, G), mul(w0, M))
    big_y = add(mul(y, G), mul(w0, N))
    m1, m2, channel = spake_device(w0, w1, x, big_y, versions)
    v1, v2, other = spake_vehicle(w0, mul(w1, G), y, big_x, versions)
    if (m1, m2, channel.enc, channel.cmd) != (v1, v2, other.enc, other.cmd):
        page.missing.append("both ends of SPAKE2+ differ")
    secrets_page.has("w0", "w0", w0.to_bytes(32, "big"))
    secrets_page.has("w1", "w1", w1.to_bytes(32, "big"))
    secrets_page.has("L", "l", octets(mul(w1, G)))
    secrets_page.has("x", "x", x.to_bytes(32, "big"))
    secrets_page.has("y", "y", y.to_bytes(32, "big"))
    body = versions + tlv(0x7f50, tlv(0xc0, salt), tlv(0xc1, b"\x00\x00\x80\x00"),
                          tlv(0xc2, b"\x00\x08"), tlv(0xc3, b"\x00\x01")) + tlv(0xd6, b"\x00\x00")
    page.has("REQUEST", "80300000", bytes([len(body)]), body, "00")
    for label, value in (("X", octets(big_x)), ("Y", octets(big_y)), ("M[1]", m1), ("M[2]", m2),
                         ("Kenc", channel.enc), ("Kmac", channel.cmd), ("Krmac", channel.rsp)):
        page.has(label, label, value)
    page.has("map", "7f4d25", MAP)
    sealed = channel.seal_command(b"\x5f\x5f\x00")
    page.has("WRITE DATA", "84d48000", bytes([len(sealed)]), sealed, "00")
    page.has("its answer", channel.seal_answer(b""), "9000")
    sealed = channel.seal_command(b"\x7f\x24")
    page.has("GET DATA", "84ca0000", bytes([len(sealed)]), sealed, "00")
    page.has("a part", "are", channel.seal_answer(bytes(239))[-8:], ",then6105")
    sealed = channel.seal_command(b"")
    page.has("GET RESPONSE", "84c00000", bytes([len(sealed)]), sealed, "00")
    page.has("last part", channel.seal_answer(b"\x30\x03\x02\x01\x01"), "9000")
    framework = Page(spec, "framework.md")
    framework.has("SELECT", "00a404000d", FRAMEWORK)
    secrets_page.has("applet", APPLET)
    return page.missing + secrets_page.missing + framework.missing


def transaction(spec):
    page = Page(spec, "transaction.md")
    car, phone, vehicle, device = key(0x11), key(0x22), key(0x33), key(0x44)
    vehicle_id, tid, version = bytes(range(1, 9)), bytes(range(16)), b"\x01\x00"
    terms = Terms(vehicle_id, car.public, phone.public, tid, b"\x00\x01", version)
    body = tlv(0x5c, version) + tlv(0x87, car.public) + tlv(0x4c, tid) + tlv(0x4d, vehicle_id)
    page.has("AUTH0", "80800001", bytes([len(body)]), body, "00")
    page.has("signed by the car", terms.signed(VEHICLE_SIGNS))
    shared = car.ecdh(phone.public)
    kdh, persistent, keys = terms.standard(shared)
    for label, value in (("Z", shared), ("Kdh", kdh), ("Kenc", keys[0]), ("Kmac", keys[1]),
                         ("Krmac", keys[2]), ("Kpersistent", persistent)):
        page.has(label, label, value)
    signature = sign_rfc6979(device, terms.signed(DEVICE_SIGNS))
    verify(device.public, terms.signed(DEVICE_SIGNS), signature)
    answer = Channel(*keys).seal_answer(tlv(0x4e, b"\x00\x01") + tlv(0x9e, signature))
    page.has("AUTH1 answer", answer)
    sealed = Channel(*keys).seal_command(bytes.fromhex("870400000001"))
    page.has("EXCHANGE", "84c90000", bytes([len(sealed)]), sealed, "00")
    terms = Terms(vehicle_id, car.public, phone.public, bytes(range(16, 32)), b"\x01\x01", version)
    cryptogram, keys = terms.fast(persistent, vehicle.public, device.public, version)
    for label, value in (("cryptogram", cryptogram), ("Kenc", keys[0]), ("Kmac", keys[1]),
                         ("Krmac", keys[2])):
        page.has("fast " + label, label, value)
    fast = Channel(*keys)
    sealed = fast.seal_command(bytes.fromhex("870400000001"))
    page.has("EXCHANGE after fast", "84c90000", bytes([len(sealed)]), sealed, "00")
    page.has("its answer", fast.seal_answer(bytes.fromhex("00010900020000")), "9000")
    return page.missing


def signed(page, signer, body):
    page.has("signed bytes", "signed", body)
    page.has("signature", "then", tlv(0x9e, sign_rfc6979(signer, body)))


def objects(spec):
    """What is signed or MACed for others: grant, termination, attestation of the car."""
    vehicle, device, vehicle_id = key(0x33), key(0x44), bytes(range(1, 9))
    key_id = hashlib.sha1(device.public).digest()
    head = tlv(0x41, b"\x01") + tlv(0x4d, vehicle_id)
    grant = Page(spec, "vehicle.md")
    body = b"\x01" + key_id + bytes(range(16)) + bytes.fromhex("00000041003f0000")
    grant.has("grant", body, "mac", mac(b"\xac" * 16, body))
    end = Page(spec, "applet.md")
    signed(end, device, head + tlv(0xdf35, key_id) + tlv(0xdf30, b"\x01") +
           tlv(0xdf31, bytes(7) + b"\x07") + tlv(0x93, b"TERM"))
    taken = Page(spec, "pairing.md")
    signed(taken, vehicle, head + tlv(0x5a, device.public) + tlv(0xdf1c, b"\x01") +
           tlv(0xdf1d, b"\x00\x00\x00\x02") +
           tlv(0xdf1e, hashlib.sha256(b"H").digest()) + tlv(0x93, b"VATT"))
    return grant.missing + end.missing + taken.missing


def channel(spec):
    page = Page(spec, "channel.md")
    one = Channel(*(bytes.fromhex(k) for k in (
        "77dd29c2e1a24b47b39d4c13348caab8", "071ef3fced19ee8d0dc10365bdaa4f45",
        "359207a3355fbec222b96c1b831ef53c")))
    sealed = one.seal_command(bytes.fromhex("870400000001"))
    page.has("ICV", one.iv(False))
    page.has("command", sealed)
    page.has("whole MAC", one.chain)
    page.has("answer", one.seal_answer(bytes.fromhex("00010900020000")))
    page.has("empty answer", one.seal_answer(b""))
    return page.missing


def facts(spec):
    page = Page(spec, "certificates.md")
    value = endpoint_facts(bytes.fromhex("4c4b000000000001"), bytes.fromhex("a1a2a3a4a5a6a7a8"),
                           b"\x03\x00", 0x120, 0x640, b"\x00\x01", octets(G), octets(add(G, G)),
                           b"\x01\x00")
    whole = extension(role_oid(4), True, value)
    labels = ("extension", "1.3.6.1.4.1.41577.5.4", "critical", "extnvalue", "version",
              "vehicleidentifier", "endpointidentifier", "options", "confidentialmailbox",
              "privatemailbox", "slot", "vehicle.pk", "authorizedpk", "versions")
    block = page.text[page.text.index("3081c6"):]
    block = block[:block.index("```")]
    for label in sorted(labels, key=len, reverse=True):
        block = block.replace(label, "", 1)
    if block != whole.hex() or len(whole) != 201:
        page.missing.append("certificates.md: extension of H")
    return page.missing


def crc(data):
    value = 2**64 - 1
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xc96c5795d7870f42 if value & 1 else 0)
    return (value ^ 2**64 - 1).to_bytes(8, "big")


def numbers(*values):
    return b"".join(v.to_bytes(4, "big") for v in values)


def store(spec):
    page = Page(spec, "store.md")
    page.has("CRC-64/XZ", crc(b"123456789"))
    header = b"LKstore\n" + numbers(1, 0x454c, 1, 0, 4096, 32)
    page.has("header", "00000", header, crc(header))
    for at, number, kind, sequence, payload in (("00028", 0, b"C", 0, b""),
                                                ("00040", 0x10000, b"P", 1, b"\x01\x01\x00"),
                                                ("00060", 1, b"C", 1, b"")):
        fields = (numbers(number) + len(payload).to_bytes(2, "big") + kind + b"\x01" +
                  numbers(1, sequence))
        page.has("operation", at, fields, crc(fields + payload), payload)
    for at, sequence in (("0ffd0", 1), ("0ffe8", 0)):
        fields = numbers(0x5ea1ed00, 1, sequence, sequence ^ 0xffffffff)
        page.has("seal", at, fields, crc(fields))
    return page.missing


def missing(spec):
    """What the pages print differently, as text; empty when every value agrees."""
    found = [spake(spec), transaction(spec), channel(spec), objects(spec), facts(spec), store(spec)]
    return ", ".join(what for part in found for what in part)
