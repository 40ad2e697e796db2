# Answers every request with 200: `perl light-server.pl 127.0.0.1 8888`. For suites with hundreds of sandboxes: Node needs
# 40 MB and a sixth of a second for each, perl 5 MB and a hundredth.
use strict;
use warnings;
use IO::Socket::INET;

my ($ip, $port) = @ARGV;
my $server = IO::Socket::INET->new(LocalAddr => $ip, LocalPort => $port, Listen => 128, ReuseAddr => 1)
  or die "cannot listen at $ip:$port: $!\n";
# A client that has left must not end the server.
$SIG{PIPE} = 'IGNORE';
while (my $client = $server->accept) {
  while (<$client>) { last if /^\r?\n$/ }
  print $client "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
  close $client;
}
