// What a sandbox prints. Docker copies all output of a container, even with the log driver `none`: 10 s of `yes` cost
// 7.6 s of its processor time, which no limit of the container covers. So a sandbox's output stays in the sandbox, and
// only the end of it goes to Docker's log, once the command has ended.

/** In memory, and the sandbox's own. */
export const OUTPUT_DIR = '/run/tmpfleet';
export const OUTPUT_DIR_BYTES = 4 * 1024 ** 2;
/** A part of the output: this many writes of a program, each of one block at most. dd writes each as it comes. */
const PART = 'bs=4096 count=128';
/** How much of it goes to Docker's log. */
const KEPT_BYTES = 4_096;
/** After the command's end, how long processes that it left may keep its output open. */
const LINGER_SECONDS = 1;

const KEEPS_NOTHING = 'tmpfleet: the output of this sandbox is not kept, because its image';

/**
 * Process 1 holds the pipe to Docker, so its files must be closed to the sandbox, which runs as the same user. Linux
 * closes /proc/<pid>/fd, ptrace and pidfd_getfd of a process whose program the user may not read (ptrace(2), dumpable),
 * hence the unreadable copy of the shell.
 */
const PREPARE = `
run=$1; shift
if (umask 077; cd ${OUTPUT_DIR} && cat /bin/sh >sh && chmod 111 sh && mkfifo out &&
    dd count=0 && tail -c 1 && sleep 0) </dev/null >/dev/null 2>&1
then exec ${OUTPUT_DIR}/sh -c "$run" sandbox ${OUTPUT_DIR}/out "$@"
fi
echo '${KEEPS_NOTHING} lacks cat, chmod, dd, mkfifo, sleep or tail' >&2
exec >/dev/null 2>&1
set -- /dev/null "$@"
eval "$run"`;

/**
 * Runs the command as its child, passes signals on, and reaps orphans, as every shell does that waits. A reader of the
 * pipe fills two files in turn, so that the end of the output is in them. (stdout and
 * stderr are opened apart: a program that makes one of them non-blocking would change the other.) When the command has ended, nothing else is left alive that could open our output.
 */
const RUN = `
tf_out=$1; shift
if [ -p $tf_out ]
then
  (cd ${OUTPUT_DIR}
   while dd ${PART} >a && [ -s a ] && dd ${PART} >b && [ -s b ]; do :; done
  ) <$tf_out >/dev/null 2>&1 &
  tf_reader=$!
fi
"$@" </dev/null >$tf_out 2>$tf_out &
tf_command=$!
trap 'kill -TERM $tf_command' TERM
trap 'kill -INT $tf_command' INT
while :
do
  wait $tf_command; tf_code=$?
  kill -0 $tf_command 2>/dev/null || break
done
if [ -p $tf_out ]
then
  (sleep ${LINGER_SECONDS}; kill $tf_reader) >/dev/null 2>&1 &
  wait $tf_reader 2>/dev/null
  kill -9 -1
  cd ${OUTPUT_DIR}
  if [ a -nt b ]; then set b a; else set a b; fi
  cat "$@" 2>/dev/null | tail -c ${KEPT_BYTES}
fi
exit $tf_code`;

/** Such programs must be process 1 themselves. */
const MUST_BE_FIRST = /(^|\/)(s6-svscan|init)$/;
const DISCARD = `
echo '${KEEPS_NOTHING} starts an init of its own' >&2
exec "$@" >/dev/null 2>&1`;

/** The entrypoint of a container whose image has this one. The command line follows as its last arguments. */
export function entrypointFor(image: readonly string[]): string[] {
  return image.some((word) => MUST_BE_FIRST.test(word))
    ? ['/bin/sh', '-c', DISCARD, 'sandbox', ...image]
    : ['/bin/sh', '-c', PREPARE, 'sandbox', RUN, ...image];
}

/** Shows what a running sandbox printed last; run inside it. */
export const SHOW_OUTPUT = `
cd ${OUTPUT_DIR} || exit
if [ a -nt b ]; then set b a; else set a b; fi
cat "$@" 2>/dev/null | tail -c ${KEPT_BYTES}`;
