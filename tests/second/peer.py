"""A second implementation: phone and car from the pages in spec/ and public RFCs alone.

It shares no line with the product. Elliptic curve arithmetic is written out here; AES, CMAC, HKDF,
scrypt and ECDSA come from the Python package `cryptography`. Not for use: nothing is constant time.
"""
import hashlib
import secrets
import socket
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import cmac, hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

APPLET = bytes.fromhex("A000000809434343444B417631")
FRAMEWORK = bytes.fromhex("A000000809434343444B467631")
NFC = b"\x5e"
VEHICLE_SIGNS = bytes.fromhex("415d9569")
DEVICE_SIGNS = bytes.fromhex("4e887b4c")


class Refused(Exception):
    """What the peer sent is not what the pages allow."""


# --- TLV ------------------------------------------------------------------------------------------
def tlv(tag, *values):
    body = b"".join(values)
    head = tag.to_bytes(2 if tag > 0xff else 1, "big")
    if len(body) < 0x80:
        return head + bytes([len(body)]) + body
    if len(body) < 0x100:
        return head + b"\x81" + bytes([len(body)]) + body
    return head + b"\x82" + len(body).to_bytes(2, "big") + body


def tlvs(data):
    """All TLVs of data as [(tag, value)]; minimal lengths only."""
    found, at = [], 0
    try:
        while at < len(data):
            tag = data[at]
            at += 1
            if tag & 0x1f == 0x1f:
                tag = tag << 8 | data[at]
                at += 1
            size, at = data[at], at + 1
            if size == 0x81:
                size, at = data[at], at + 1
                if size < 0x80:
                    raise Refused("length is not minimal")
            elif size == 0x82:
                size, at = int.from_bytes(data[at:at + 2], "big"), at + 2
                if size < 0x100:
                    raise Refused("length is not minimal")
            elif size > 0x7f:
                raise Refused("form of length")
            if at + size > len(data):
                raise Refused("TLV is cut")
            found.append((tag, data[at:at + size]))
            at += size
    except IndexError:
        raise Refused("TLV is cut") from None
    return found


def take(data, *tags, optional=()):
    """The values of exactly these tags in this order; what is optional may be absent."""
    found, values = tlvs(data), []
    for tag in tags:
        if found and found[0][0] == tag:
            values.append(found.pop(0)[1])
        elif tag in optional:
            values.append(None)
        else:
            raise Refused("tag %x is missing" % tag)
    if found:
        raise Refused("tag %x is not expected" % found[0][0])
    return values


# --- P-256 ----------------------------------------------------------------------------------------
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b


def point(data):
    if len(data) != 65 or data[0] != 4:
        raise Refused("not an uncompressed point")
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    if x >= P or y >= P or (y * y - x * x * x + 3 * x - B) % P:
        raise Refused("not on the curve")
    return x, y


def octets(pt):
    if pt is None:
        raise Refused("point at infinity")
    return b"\x04" + pt[0].to_bytes(32, "big") + pt[1].to_bytes(32, "big")


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def mul(k, pt):
    total = None
    for bit in bin(k % ORDER)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, pt)
    return total


def neg(pt):
    return pt[0], P - pt[1]


G = point(bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"))
# RFC 9383, section 4: M and N of P-256, there in compressed form.
M_X = 0x886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f
N_X = 0xd8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49


def decompress(x, odd):
    y = pow((x * x * x - 3 * x + B) % P, (P + 1) // 4, P)
    return x, y if y & 1 == odd else P - y


M = decompress(M_X, 0)
N = decompress(N_X, 1)


class Key:
    """A private key; public is the 65 bytes of its point."""

    def __init__(self, secret=None):
        self.secret = secret or secrets.randbelow(ORDER - 1) + 1
        self.handle = ec.derive_private_key(self.secret, ec.SECP256R1())
        numbers = self.handle.public_key().public_numbers()
        self.public = octets((numbers.x, numbers.y))

    def sign_der(self, message):
        return self.handle.sign(message, ec.ECDSA(hashes.SHA256()))

    def sign(self, message):
        r, s = utils.decode_dss_signature(self.sign_der(message))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def ecdh(self, peer):
        x, y = point(peer)
        other = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        return self.handle.exchange(ec.ECDH(), other)


def verify(public, message, signature):
    x, y = point(public)
    if len(signature) != 64:
        raise Refused("length of a signature")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused("signature") from None


# --- symmetric ------------------------------------------------------------------------------------
def mac(key, data):
    c = cmac.CMAC(algorithms.AES(key))
    c.update(data)
    return c.finalize()


def hkdf(secret, info, size):
    return HKDF(hashes.SHA256(), size, None, info).derive(secret)


def aes_block(key, block):
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)


class Channel:
    """spec/channel.md. The car seals commands and opens answers, the phone the other way round."""

    def __init__(self, enc, cmd, rsp):
        self.enc, self.cmd, self.rsp = enc, cmd, rsp
        self.chain, self.counter = bytes(16), 0

    def iv(self, answer):
        return aes_block(self.enc, bytes([0x80 if answer else 0] + [0] * 14 + [self.counter]))

    def encrypt(self, plain, answer):
        if not plain:
            return b""
        padded = plain + b"\x80" + bytes(-(len(plain) + 1) % 16)
        mode = modes.CBC(self.iv(answer))
        return Cipher(algorithms.AES(self.enc), mode).encryptor().update(padded)

    def decrypt(self, cipher, answer):
        if not cipher:
            return b""
        if len(cipher) % 16:
            raise Refused("length of a sealed body")
        padded = Cipher(algorithms.AES(self.enc),
                        modes.CBC(self.iv(answer))).decryptor().update(cipher)
        plain = padded.rstrip(b"\x00")
        if plain[-1:] != b"\x80" or len(padded) - len(plain) > 15:
            raise Refused("padding")
        return plain[:-1]

    def step(self):
        if self.counter == 0xff:
            raise Refused("counter is used up")
        self.counter += 1

    def seal_command(self, plain):
        self.step()
        cipher = self.encrypt(plain, False)
        self.chain = mac(self.cmd, self.chain + cipher)
        return cipher + self.chain[:8]

    def open_command(self, body):
        self.step()
        whole = mac(self.cmd, self.chain + body[:-8])
        if len(body) < 8 or whole[:8] != body[-8:]:
            raise Refused("MAC of a command")
        self.chain = whole
        return self.decrypt(body[:-8], False)

    def seal_answer(self, plain):
        cipher = self.encrypt(plain, True)
        return cipher + mac(self.rsp, self.chain + cipher)[:8]

    def open_answer(self, body):
        if len(body) < 8 or mac(self.rsp, self.chain + body[:-8])[:8] != body[-8:]:
            raise Refused("MAC of an answer")
        return self.decrypt(body[:-8], True)


# --- SPAKE2+ --------------------------------------------------------------------------------------
def password_scalars(password, salt, n, r, p):
    z = hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, dklen=80, maxmem=1 << 28)
    return tuple(int.from_bytes(half, "big") % (ORDER - 1) + 1 for half in (z[:40], z[40:]))


def spake_keys(x_pt, y_pt, z_pt, v_pt, w0, versions):
    """(M[1], M[2], channel) of one run; versions: the TLVs 5B and 5C as sent in REQUEST."""
    x, y = octets(x_pt), octets(y_pt)
    whole = b""
    for item in (x, y, octets(z_pt), octets(v_pt), w0.to_bytes(32, "big")):
        whole += struct.pack("<Q", len(item)) + item
    digest = hashlib.sha256(whole).digest()
    k = hkdf(digest[:16], b"ConfirmationKeys" + versions, 32)
    system = hkdf(digest[16:], b"SystemKeys", 64)
    return mac(k[:16], x), mac(k[16:], y), Channel(system[:16], system[16:32], system[32:48])


def spake_device(w0, w1, x, y_pt, versions):
    x_pt = add(mul(x, G), mul(w0, M))
    bare = add(y_pt, neg(mul(w0, N)))
    return spake_keys(x_pt, y_pt, mul(x, bare), mul(w1, bare), w0, versions)


def spake_vehicle(w0, big_l, y, x_pt, versions):
    y_pt = add(mul(y, G), mul(w0, N))
    bare = add(x_pt, neg(mul(w0, M)))
    return spake_keys(x_pt, y_pt, mul(y, bare), mul(y, big_l), w0, versions)


# --- one transaction ------------------------------------------------------------------------------
class Terms:
    """What both sides of a transaction know once AUTH0 is answered."""

    def __init__(self, vehicle_id, vehicle_e, device_e, tid, p1p2, version, interface=NFC):
        self.vehicle_id, self.tid, self.p1p2, self.version = vehicle_id, tid, p1p2, version
        self.vehicle_x, self.device_x, self.interface = vehicle_e[1:33], device_e[1:33], interface

    def signed(self, usage):
        return (tlv(0x4d, self.vehicle_id) + tlv(0x86, self.device_x) + tlv(0x87, self.vehicle_x)
                + tlv(0x4c, self.tid) + tlv(0x93, usage))

    def info(self, label):
        return (self.vehicle_x + self.device_x + self.tid + self.interface + self.p1p2 + label
                + tlv(0x5c, self.version))

    def standard(self, shared):
        kdh = hashlib.sha256(shared + b"\x00\x00\x00\x01" + self.tid).digest()
        keys = hkdf(kdh, self.info(b"Volatile"), 48)
        persistent = hkdf(kdh, self.info(b"Persistent"), 32)
        return kdh, persistent, (keys[:16], keys[16:32], keys[32:])

    def fast(self, persistent, vehicle_pk, device_pk, listed):
        info = (vehicle_pk[1:33] + b"VolatileFast" + self.vehicle_id + device_pk[1:33]
                + self.interface + tlv(0x5c, listed) + tlv(0x5c, self.version) + self.vehicle_x
                + self.tid + self.p1p2 + self.device_x)
        keys = hkdf(persistent, info, 64)
        return keys[:16], (keys[16:32], keys[32:48], keys[48:])


# --- certificates ---------------------------------------------------------------------------------
def der(tag, *values):
    body = b"".join(values)
    size = len(body)
    length = bytes([size]) if size < 0x80 else (
        b"\x81" + bytes([size]) if size < 0x100 else b"\x82" + size.to_bytes(2, "big"))
    return bytes([tag]) + length + body


def der_read(data):
    """(whole first element, its value, what follows)."""
    head, size = 2, data[1]
    if size & 0x80:
        head = 2 + (size & 0x7f)
        size = int.from_bytes(data[2:head], "big")
    return data[:head + size], data[head:head + size], data[head + size:]


def der_children(data):
    parts = []
    while data:
        whole, _, data = der_read(data)
        parts.append(whole)
    return parts


def der_int(number, tag=2):
    return der(tag, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(text):
    parts = [int(x) for x in text.split(".")]
    out = bytes([parts[0] * 40 + parts[1]])
    for part in parts[2:]:
        groups = [part & 0x7f]
        while part > 0x7f:
            part >>= 7
            groups.insert(0, part & 0x7f | 0x80)
        out += bytes(groups)
    return der(6, out)


def role_oid(number):
    return oid("1.3.6.1.4.1.41577.5.%d" % number)


def name(text):
    return der(0x30, der(0x31, der(0x30, oid("2.5.4.3"), der(0x13, text.encode()))))


def extension(which, critical, value):
    return der(0x30, which, b"\x01\x01\xff" if critical else b"", der(4, value))


class Cert:
    """What of a DER certificate this program needs."""

    def __init__(self, whole):
        self.whole = whole
        self.tbs, _, signature = [*der_children(der_read(whole)[1])]
        self.signature = der_read(signature)[1][1:]
        fields = der_children(der_read(self.tbs)[1])
        self.issuer, self.subject, self.key_info = fields[3], fields[5], fields[6]
        self.public = self.key_info[-65:]
        self.common_name = self.subject[-16:].decode("ascii", "replace")


def certificate(subject, issuer_name, issuer_key, public, number, role_value, path_len=None,
                dates=None):
    """One certificate by spec/certificates.md; path_len None makes an end entity."""
    algorithm = der(0x30, oid("1.2.840.10045.4.3.2"))
    key_info = der(0x30, der(0x30, oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")),
                   der(3, b"\x00" + public))
    usage = b"\x03\x02\x07\x80" if path_len is None else b"\x03\x02\x02\x04"
    basic = der(0x30) if path_len is None else der(0x30, b"\x01\x01\xff", der_int(path_len))
    extensions = [
        extension(oid("2.5.29.35"), False,
                  der(0x30, der(0x80, hashlib.sha1(issuer_key.public).digest()))),
        extension(oid("2.5.29.14"), False, der(4, hashlib.sha1(public).digest())),
        extension(oid("2.5.29.15"), True, usage),
        extension(oid("2.5.29.19"), True, basic),
        extension(role_oid(number), True, role_value)]
    dates = dates or der(0x17, b"250101000000Z") + der(0x17, b"340101000000Z")
    tbs = der(0x30, der(0xa0, b"\x02\x01\x02"), der(2, b"\x40" + secrets.token_bytes(15)),
              algorithm, issuer_name, der(0x30, dates), subject, key_info,
              der(0xa3, der(0x30, *extensions)))
    return der(0x30, tbs, algorithm, der(3, b"\x00" + issuer_key.sign_der(tbs)))


def endpoint_facts(vehicle, endpoint, options, confidential, private, slot, vehicle_pk, authorized,
                   versions):
    return der(0x30, der_int(1), der(0x80, vehicle), der(0x81, endpoint), der(0x82, options),
               der_int(confidential, 0x83), der_int(private, 0x84), der(0x85, slot),
               der(0x86, vehicle_pk), der(0x87, authorized), der(0x8a, versions))


FOREVER = der(0x17, b"200101000000Z") + der(0x18, b"99991231235959Z")


# --- link -----------------------------------------------------------------------------------------
def send_message(sock, body):
    sock.sendall(len(body).to_bytes(2, "big") + body)


def receive(sock):
    """One message, or None at the end of the link."""
    data = b""
    want = 2
    while len(data) < want:
        try:
            piece = sock.recv(want - len(data))
        except (ConnectionError, socket.timeout):
            return None
        if not piece:
            return None
        data += piece
        if want == 2 and len(data) == 2:
            want = 2 + int.from_bytes(data, "big")
    return data[2:]
