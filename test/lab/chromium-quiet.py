#!/usr/bin/python3
# Runs Chromium, or the program that LAB_CHROMIUM names, without netlink sockets. By them it sees each interface that another suite's containers add, takes it for
# a change of the machine's network, and breaks off every request with ERR_NETWORK_CHANGED, those on loopback too.
import errno
import os
import socket
import sys

import seccomp

rules = seccomp.SyscallFilter(seccomp.ALLOW)
netlink = seccomp.Arg(0, seccomp.EQ, socket.AF_NETLINK)
rules.add_rule(seccomp.ERRNO(errno.EAFNOSUPPORT), 'socket', netlink)
rules.load()
program = os.environ.get('LAB_CHROMIUM', '/usr/bin/chromium')
os.execv(program, [program, *sys.argv[1:]])
