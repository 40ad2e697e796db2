# The smallest notebook server that a reader takes for a Jupyter: `perl -w notebook.pl 127.0.0.1 8888`. A page with a style sheet and a
# script, a session, and a kernel behind a WebSocket that answers each line with 42. Perl without a module starts in a few
# milliseconds, which is what lets one machine hold thousands. Linux: the address is packed by hand.
use strict;

my ($ip, $port) = @ARGV;
my $kernel = 'b6f4c2d8';
my $used_at = time;

socket(my $server, 2, 1, 6) or die "socket: $!\n";
setsockopt($server, 1, 2, 1) or die "setsockopt: $!\n";
bind($server, pack 'S n C4 x8', 2, $port, split /\./, $ip) or die "cannot listen at $ip:$port: $!\n";
listen($server, 128) or die "listen: $!\n";
# A client that has left must not end the server.
$SIG{PIPE} = 'IGNORE';

# By descriptor: the connection, what it has sent, and whether it is a WebSocket.
my (%socket, %read, %is_open);
my $watched = '';
vec($watched, fileno($server), 1) = 1;

for (;;) {
  select(my $ready = $watched, undef, undef, undef) > 0 or next;
  if (vec($ready, fileno($server), 1) and accept(my $client, $server)) {
    my $fd = fileno($client);
    ($socket{$fd}, $read{$fd}) = ($client, '');
    vec($watched, $fd, 1) = 1;
  }
  for my $fd (grep { vec($ready, $_, 1) } keys %socket) {
    my $count = sysread($socket{$fd}, $read{$fd}, 65536, length $read{$fd});
    my $goes_on = $count && ($is_open{$fd} ? take_frames($fd) : take_request($fd));
    drop($fd) unless $goes_on;
  }
}

sub drop {
  my ($fd) = @_;
  vec($watched, $fd, 1) = 0;
  close $socket{$fd};
  delete $_->{$fd} for \(%socket, %read, %is_open);
}

# One request a connection, but for a WebSocket. Returns whether the connection goes on.
sub take_request {
  my ($fd) = @_;
  my ($head, $body) = $read{$fd} =~ /^(.*?\r\n)\r\n(.*)$/s or return 1;
  my ($length) = $head =~ /^content-length:\s*(\d+)/im;
  return 1 if defined $length && length $body < $length;
  my ($method, $base, $path) = $head =~ m{^(\w+) (/user/[^/ ]+)?([^ ?]*)};
  if ($head =~ /^sec-websocket-key:\s*(\S+)/im) {
    my $accept = base64(sha1("${1}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    syswrite $socket{$fd}, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $accept\r\n\r\n";
    ($read{$fd}, $is_open{$fd}) = ('', 1);
    return 1;
  }
  my ($type, $text) = answer_to($method, $base // '', $path);
  my $status = $method eq 'POST' ? '201 Created' : '200 OK';
  syswrite $socket{$fd}, "HTTP/1.1 $status\r\nContent-Type: $type\r\nContent-Length: " . length($text) . "\r\nConnection: close\r\n\r\n$text";
  return 0;
}

sub answer_to {
  my ($method, $base, $path) = @_;
  return ('application/json', qq({"id":"1","path":"Untitled.ipynb","type":"notebook","kernel":{"id":"$kernel","name":"python3"}}))
    if $path eq '/api/sessions' && $method eq 'POST';
  if ($path eq '/api/kernels') {
    my ($s, $m, $h, $day, $month, $year) = gmtime $used_at;
    my $at = sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $year + 1900, $month + 1, $day, $h, $m, $s;
    return ('application/json', qq([{"id":"$kernel","name":"python3","last_activity":"$at","execution_state":"idle","connections":1}]));
  }
  return ('text/css', 'body { margin: 2em; font: 16px sans-serif; }') if $path =~ /\.css$/;
  return ('text/javascript', 'document.title = "A notebook";') if $path =~ /\.js$/;
  return ('text/html', <<"PAGE");
<!doctype html><title>A notebook</title><link rel="stylesheet" href="$base/static/notebook.css">
<script id="jupyter-config-data" type="application/json">{"baseUrl":"$base/"}</script>
<script src="$base/static/notebook.js"></script><p>A notebook</p>
PAGE
}

# RFC 6455, 5.2: frames of a client are masked, and none of a message of a kernel is longer than 64 KiB.
sub take_frames {
  my ($fd) = @_;
  while (length $read{$fd} >= 6) {
    my ($first, $length) = unpack 'C2', $read{$fd};
    my $at = 2;
    $length &= 127;
    return 0 if $length == 127;
    if ($length == 126) {
      return 1 if length $read{$fd} < 8;
      ($length, $at) = (unpack('x2 n', $read{$fd}), 4);
    }
    return 1 if length $read{$fd} < $at + 4 + $length;
    my $frame = substr $read{$fd}, 0, $at + 4 + $length, '';
    my $mask = substr($frame, $at, 4) x ($length / 4 + 1);
    my $text = substr($frame, $at + 4) ^ substr($mask, 0, $length);
    my $kind = $first & 15;
    if ($kind == 8) {
      syswrite $socket{$fd}, pack('C2', 0x88, length $text) . $text;
      return 0;
    }
    syswrite $socket{$fd}, pack('C2', 0x8a, length $text) . $text if $kind == 9;
    answer_message($fd, $text) if $kind == 1;
  }
  return 1;
}

sub answer_message {
  my ($fd, $text) = @_;
  my ($id) = $text =~ /"msg_id":"([\w-]+)"/ or return;
  my ($type) = $text =~ /"msg_type":"(\w+)_request"/ or return;
  $used_at = time;
  my $header = sub { qq("header":{"msg_id":"$id-$_[0]","msg_type":"$_[0]"},"msg_type":"$_[0]","parent_header":{"msg_id":"$id"},"metadata":{},"buffers":[]) };
  say_text($fd, qq({"channel":"iopub",${\$header->('stream')},"content":{"name":"stdout","text":"42\\n"}})) if $type eq 'execute';
  say_text($fd, qq({"channel":"shell",${\$header->("${type}_reply")},"content":{"status":"ok"}}));
}

sub say_text {
  my ($fd, $text) = @_;
  my $length = length $text;
  syswrite $socket{$fd}, ($length < 126 ? pack('C2', 0x81, $length) : pack('C2 n', 0x81, 126, $length)) . $text;
}

sub base64 {
  my $text = join '', map { substr $_, 1 } split /\n/, pack 'u', $_[0];
  $text =~ tr{` -_}{AA-Za-z0-9+/};
  substr($text, -1) = '=';    # 20 bytes are one less than a multiple of three.
  return $text;
}

# FIPS 180-4; the module would take longer to load than all the rest.
sub sha1 {
  my ($text) = @_;
  my $bits = 8 * length $text;
  $text .= "\x80";
  $text .= "\0" x ((56 - length $text) % 64) . pack 'N2', 0, $bits;
  my @hash = (0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  my $turn = sub { (($_[0] << $_[1]) | ($_[0] >> (32 - $_[1]))) & 0xffffffff };
  for my $block (unpack '(a64)*', $text) {
    my @word = unpack 'N16', $block;
    push @word, $turn->($word[-3] ^ $word[-8] ^ $word[-14] ^ $word[-16], 1) while @word < 80;
    my ($a, $b, $c, $d, $e) = @hash;
    for my $round (0 .. 79) {
      my ($f, $k) =
          $round < 20 ? (($b & $c) | (~$b & $d), 0x5a827999)
        : $round < 40 ? ($b ^ $c ^ $d, 0x6ed9eba1)
        : $round < 60 ? (($b & $c) | ($b & $d) | ($c & $d), 0x8f1bbcdc)
        :               ($b ^ $c ^ $d, 0xca62c1d6);
      my $next = ($turn->($a, 5) + ($f & 0xffffffff) + $e + $k + $word[$round]) & 0xffffffff;
      ($a, $b, $c, $d, $e) = ($next, $a, $turn->($b, 30), $c, $d);
    }
    my @add = ($a, $b, $c, $d, $e);
    $hash[$_] = ($hash[$_] + $add[$_]) & 0xffffffff for 0 .. 4;
  }
  return pack 'N5', @hash;
}
