// configurable-http-proxy in a process of its own: it replaces Node's global agents, and a fault of it must not end the tests.
import { ConfigurableProxy } from 'configurable-http-proxy';

const none = () => undefined;
const proxy = new ConfigurableProxy({
  log: { debug: none, info: none, warn: none, error: none },
  // As the command sets them, with the option that makes a sandbox's own address in `Location` usable.
  xfwd: true,
  autoRewrite: true,
});

process.on('message', ({ id, port }) => {
  proxy.addRoute(`/user/${id}`, { target: `http://127.0.0.1:${port}` }).then(() => process.send({ id }));
});
// What would end the process, and with it every reader's connection, is printed, and ends the one case only.
process.on('uncaughtException', (error) => process.send({ crash: error.code ?? error.message }));
process.once('disconnect', () => process.exit());
proxy.proxyServer.listen(0, '127.0.0.1', () => process.send({ port: proxy.proxyServer.address().port }));
