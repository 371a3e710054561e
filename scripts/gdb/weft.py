# SPDX-License-Identifier: Apache-2.0
"""Fibers for gdb: of a process that runs, or of a core that it has left, also of a release build.

    gdb -x scripts/gdb/weft.py PROGRAM [CORE]       (or: source scripts/gdb/weft.py)

    weft fibers             all fibers: number, name, loop, state, what each waits for, where it was started
    weft bt [NUMBER]        the stack of one fiber, or of all of them
    weft fiber NUMBER       gdb's own commands (bt, frame, info locals) show this fiber below frame 0, until: weft fiber off

A fiber that runs is what its thread does: see "thread apply all bt".
"""

import gdb
from gdb.unwinder import Unwinder, register_unwinder

VERSION = 1
FIELDS = ("version", "link", "id", "parent", "state", "waits_for", "started", "name", "name_bytes", "saved", "newest")
STATES = ("free", "ready", "running", "parked")
WORD = 8

# Where jump_fcontext of Boost.Context leaves what a fiber continues with, from the address that it keeps; and what it keeps in all.
SAVED = {
    "x86-64": ({"r12": 0x10, "r13": 0x18, "r14": 0x20, "r15": 0x28, "rbx": 0x30, "rbp": 0x38, "rip": 0x40}, "rsp", "rip", 0x48),
    "aarch64": (dict([("x%d" % (19 + i), 0x40 + 8 * i) for i in range(12)] + [("pc", 0xA0)]), "sp", "pc", 0xB0),
}


def word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, WORD).tobytes(), "little")


def text(address, limit=4096):
    """The string at an address; what cannot be read is left out."""
    out = b""
    try:
        while address and len(out) < limit:
            byte = gdb.selected_inferior().read_memory(address + len(out), 1).tobytes()
            if byte == b"\0":
                break
            out += byte
    except gdb.MemoryError:
        pass
    return out.decode("utf-8", "replace")


def layout():
    try:
        address = int(gdb.parse_and_eval("(unsigned long)&weft_fiber_table"))
    except gdb.error as error:
        raise gdb.GdbError("no weft in this program (%s)" % error)
    try:
        table = {name: word(address + i * WORD) for i, name in enumerate(FIELDS)}
    except gdb.MemoryError:
        raise gdb.GdbError("the program does not run yet")
    if table["version"] != VERSION:
        raise gdb.GdbError("this weft has a table of version %d, the script knows %d: take the script of its release" % (table["version"], VERSION))
    return table


class Fiber:
    def __init__(self, table, link):
        base = self.base = link - table["link"]  # its stack lies below
        self.loop = word(link + 2 * WORD)
        self.id = word(base + table["id"])
        self.parent = word(base + table["parent"])
        self.state = STATES[word(base + table["state"]) & 0xFF]
        self.name = text(base + table["name"], table["name_bytes"])
        self.waits_for = text(word(base + table["waits_for"])) if self.state == "parked" else ""
        self.saved = word(base + table["saved"])
        self.started = self.started_at(word(base + table["started"]))

    @staticmethod
    def started_at(place):
        # std::source_location is a pointer to file, function, line.
        if place == 0:
            return ""
        line = word(place + 2 * WORD) & 0xFFFFFFFF
        return "%s:%d" % (text(word(place)).rsplit("/", 1)[-1], line) if line else ""

    def line(self):
        out = "#%d  %s  loop %d  %s" % (self.id, self.name or "?", self.loop, self.state)
        if self.waits_for:
            out += " on " + self.waits_for
        if self.started:
            out += "  started at " + self.started
        return out


def fibers():
    table = layout()
    found = []
    link = table["newest"]
    while link:
        fiber = Fiber(table, link)
        if fiber.state != "free":
            found.append(fiber)
        link = word(link + WORD)
    return sorted(found, key=lambda fiber: fiber.id)


def fiber_of(number):
    for fiber in fibers():
        if fiber.id == number:
            return fiber
    raise gdb.GdbError("no fiber %d" % number)


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class FiberUnwinder(Unwinder):
    """Puts a fiber's stack below frame 0 of the selected thread."""

    def __init__(self):
        super().__init__("weft")
        self.fiber = None
        self.sp = 0  # of frame 0

    def show(self, fiber):
        self.fiber = fiber
        gdb.invalidate_cached_frames()

    def __call__(self, pending):
        if self.fiber is None:
            return None
        registers, sp_name, pc_name, size = SAVED[architecture()]
        unsigned = gdb.lookup_type("unsigned long")
        sp = pending.read_register(sp_name)
        pc = pending.read_register(pc_name)
        if self.fiber.base - 2 * WORD <= int(sp.cast(unsigned)) <= self.fiber.base:
            # Above the function that every fiber begins in, where make_fcontext has prepared the stack: it has no caller.
            info = pending.create_unwind_info(FrameId(sp, pc))
            info.add_saved_register(pc_name, gdb.Value(0).cast(unsigned))
            info.add_saved_register(sp_name, sp)
            return info
        if int(sp.cast(unsigned)) != self.sp:
            return None
        # gdb wants each stack pointer above the one before it.
        info = pending.create_unwind_info(FrameId(gdb.Value(self.fiber.saved).cast(unsigned), pc))
        for name, at in registers.items():
            info.add_saved_register(name, gdb.Value(word(self.fiber.saved + at)).cast(unsigned))
        info.add_saved_register(sp_name, gdb.Value(self.fiber.saved + size).cast(unsigned))
        return info


def architecture():
    name = gdb.selected_inferior().architecture().name() if hasattr(gdb.Inferior, "architecture") else gdb.selected_frame().architecture().name()
    for known in SAVED:
        if known in name:
            return known
    raise gdb.GdbError("stacks of fibers are not known on %s" % name)


UNWINDER = FiberUnwinder()
register_unwinder(None, UNWINDER, replace=True)


def show(fiber):
    """Below frame 0 lies this fiber, or again what belongs there (None)."""
    UNWINDER.show(None)
    if fiber is None:
        return
    sp_name = SAVED[architecture()][1]
    UNWINDER.sp = int(gdb.newest_frame().read_register(sp_name).cast(gdb.lookup_type("unsigned long")))
    UNWINDER.show(fiber)


def stack_of(fiber):
    if fiber.state == "running":
        return "    it runs: see its thread\n"
    try:
        show(fiber)
        lines = gdb.execute("bt", to_string=True).splitlines()
    finally:
        show(None)
    # Frame 0 is the thread's; what lies above the function that every fiber begins in is none.
    out = ""
    for line in lines:
        if not line.startswith("#0 "):
            out += "    %s\n" % line
        if "Trampoline" in line:
            break
    return out


class Weft(gdb.Command):
    """Fibers of weft: weft fibers, weft bt [NUMBER], weft fiber NUMBER|off."""

    def __init__(self):
        super().__init__("weft", gdb.COMMAND_STACK, prefix=True)


class WeftFibers(gdb.Command):
    """All fibers: number, name, loop, state, what each waits for, where it was started."""

    def __init__(self):
        super().__init__("weft fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for fiber in fibers():
            gdb.write(fiber.line() + "\n")


class WeftBacktrace(gdb.Command):
    """The stack of one fiber, or of all of them."""

    def __init__(self):
        super().__init__("weft bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        wanted = [fiber_of(int(argument))] if argument.strip() else fibers()
        for fiber in wanted:
            gdb.write(fiber.line() + "\n" + stack_of(fiber))


class WeftFiber(gdb.Command):
    """gdb's own commands show this fiber below frame 0, until: weft fiber off."""

    def __init__(self):
        super().__init__("weft fiber", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if argument.strip() == "off":
            show(None)
            return
        fiber = fiber_of(int(argument))
        if fiber.state == "running":
            raise gdb.GdbError("fiber %d runs: see its thread" % fiber.id)
        show(fiber)
        gdb.write(fiber.line() + "\n")


Weft()
WeftFibers()
WeftBacktrace()
WeftFiber()
