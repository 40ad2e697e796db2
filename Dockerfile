# tmpfleet in an image: the archive of `npm run package`, on a Debian with iptables, which the node-agent asks for its one
# firewall rule. The Node comes with the archive. Run `npm run package` first; exactly one archive may lie in artifacts/.
ARG BASE=debian:12-slim
FROM ${BASE}
# A base of your own that has iptables already needs no way out to a mirror.
RUN command -v iptables >/dev/null || { apt-get update \
  && apt-get install -y --no-install-recommends iptables ca-certificates && rm -rf /var/lib/apt/lists/*; }
ADD artifacts/tmpfleet-*.tar.gz /opt/tmpfleet/
RUN set -e; cd /opt/tmpfleet; set -- */; \
  [ $# -eq 1 ] || { echo "artifacts/ holds $# archives; leave one: $*" >&2; exit 1; }; \
  ln -s "${1%/}" current; ln -s /opt/tmpfleet/current/bin/tmpfleet /usr/local/bin/tmpfleet; tmpfleet --version
VOLUME /var/lib/tmpfleet
ENTRYPOINT ["tmpfleet"]
CMD ["--help"]
