// Calls from a bench to a program of its own, one at a time.

/** In the program: answers each message with what `run` gives for it, or with `{error}`. */
export function answerCalls(run) {
  process.on('message', (what) => {
    run(what).then(
      (result) => process.send(result),
      (error) => process.send({ error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
  process.send({});
}

/** In the bench. */
export function call(child, what) {
  return new Promise((resolve, reject) => {
    child.once('message', (result) =>
      result.error === undefined ? resolve(result) : reject(new Error(result.error)),
    );
    child.send(what);
  });
}
