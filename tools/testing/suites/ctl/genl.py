# SPDX-License-Identifier: GPL-2.0
"""Generic netlink, as raw as the tests of bad requests need it."""

import os
import re
import socket
import struct

NETLINK_GENERIC = 16
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
NETLINK_CAP_ACK = 10
NETLINK_EXT_ACK = 11
NETLINK_GET_STRICT_CHK = 12
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSG_ERROR, NLMSG_DONE = 2, 3
NESTED = 0x8000
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3

HEADER = os.path.join(os.environ["VIGIL_SRC"], "include/uapi/linux/vigil.h")


def constants():
    """The numbers of every enum of the header, by name."""
    found = {}
    with open(HEADER) as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    for body in re.findall(r"enum[^{]*\{(.*?)\}", text, flags=re.S):
        value = 0
        for item in filter(None, (i.strip() for i in body.split(","))):
            name, _, number = item.partition("=")
            if "(" in number:
                continue
            value = int(number, 0) if number.strip() else value
            found[name.strip()] = value
            value += 1
    return found


def attr(kind, payload):
    data = struct.pack("HH", len(payload) + 4, kind) + payload
    return data + bytes(-len(data) % 4)


def u32(kind, value):
    return attr(kind, struct.pack("I", value))


def u64(kind, value):
    return attr(kind, struct.pack("Q", value))


def string(kind, value):
    return attr(kind, value.encode() + b"\0")


def parse(data):
    """Attributes as a list of (type, payload)."""
    found = []
    while len(data) >= 4:
        length, kind = struct.unpack_from("HH", data)
        if length < 4:
            break
        found.append((kind & 0x3fff, data[4:length]))
        data = data[(length + 3) & ~3:]
    return found


class Refused(Exception):
    def __init__(self, error, text):
        super().__init__(f"{os.strerror(error)}: {text}")
        self.error = error
        self.text = text


class Family:
    def __init__(self, name="vigil"):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  NETLINK_GENERIC)
        self.sock.settimeout(30)
        self.sock.bind((0, 0))
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK,
                       NETLINK_GET_STRICT_CHK):
            self.sock.setsockopt(SOL_NETLINK, option, 1)
        self.seq = 0
        reply, = self.call(CTRL_CMD_GETFAMILY, string(2, name),
                           family=GENL_ID_CTRL)
        attrs = dict(reply)
        self.id = struct.unpack("H", attrs[1][:2])[0]
        self.groups = {}
        for _, group in parse(attrs.get(7, b"")):
            parts = dict(parse(group))
            label = parts[1].rstrip(b"\0").decode()
            self.groups[label] = struct.unpack("I", parts[2])[0]

    def send(self, command, payload, flags, family):
        self.seq += 1
        body = struct.pack("BBH", command, 1, 0) + payload
        self.sock.send(struct.pack("IHHII", len(body) + 16, family,
                                   NLM_F_REQUEST | flags, self.seq, 0) + body)

    def call(self, command, payload=b"", family=None, dump=False):
        """The replies' attributes; raises Refused."""
        self.send(command, payload, NLM_F_DUMP if dump else NLM_F_ACK,
                  self.id if family is None else family)
        replies = []
        while True:
            data = self.sock.recv(1 << 17)
            while data:
                length, kind, flags, seq, _ = struct.unpack_from("IHHII", data)
                message, data = data[16:length], data[(length + 3) & ~3:]
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    self.check(kind, flags, message)
                    return replies
                replies.append(parse(message[4:]))

    @staticmethod
    def check(kind, flags, message):
        error = -struct.unpack_from("i", message)[0]
        if not error:
            return
        text = ""
        if flags & NLM_F_ACK_TLVS:
            skip = 4 if kind == NLMSG_DONE else 20
            for key, value in parse(message[skip:]):
                if key == 1:
                    text = value.rstrip(b"\0").decode()
        raise Refused(error, text)

    def join(self, group):
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                             self.groups[group])
