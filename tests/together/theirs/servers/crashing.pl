#!/usr/bin/perl
# A chat that dies of a burst: of more messages within a second than it was made for.
# perl crashing.pl PORT MESSAGES_A_SECOND
use strict;
use warnings;
use Digest::SHA qw(sha1_base64);
use IO::Select;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

my ($port, $most) = @ARGV;
$SIG{PIPE} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 128, ReuseAddr => 1)
    or die "cannot listen on $port: $!\n";
my $select = IO::Select->new($server);
my (%buffer, %open, @times);

sub frame {
    my ($payload) = @_;
    my $size = length $payload;
    return ($size < 126 ? pack('CC', 0x81, $size) : pack('CCn', 0x81, 126, $size)) . $payload;
}

sub gone {
    my ($socket) = @_;
    delete $buffer{$socket};
    delete $open{$socket};
    $select->remove($socket);
    close $socket;
}

sub said {
    my ($payload) = @_;
    my $now = time;
    push @times, $now;
    shift @times while $times[0] < $now - 1;
    die "too many messages: " . @times . " within a second\n" if @times > $most;
    my $bytes = frame($payload);
    syswrite $_, $bytes for values %open;
}

sub handshake {
    my ($socket) = @_;
    return unless $buffer{$socket} =~ s/\A(.*?)\r\n\r\n//s;
    my $request = $1;
    if ($request !~ /^sec-websocket-key:\s*(\S+)/im) {
        syswrite $socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return gone($socket);
    }
    my $accept = sha1_base64($1 . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11') . '=';
    syswrite $socket, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        . "Sec-WebSocket-Accept: $accept\r\n\r\n";
    $open{$socket} = $socket;
}

sub frames {
    my ($socket) = @_;
    while (length $buffer{$socket} >= 2) {
        my ($first, $second) = unpack 'CC', $buffer{$socket};
        my ($size, $at) = ($second & 127, 2);
        if ($size == 126) {
            return if length $buffer{$socket} < 4;
            ($size, $at) = (unpack('x2n', $buffer{$socket}), 4);
        }
        return if length $buffer{$socket} < $at + 4 + $size;
        my $mask = substr $buffer{$socket}, $at, 4;
        my $payload = substr $buffer{$socket}, $at + 4, $size;
        substr($buffer{$socket}, 0, $at + 4 + $size) = '';
        $payload ^= substr($mask x (1 + $size / 4), 0, $size);
        my $opcode = $first & 15;
        if ($opcode == 8) {
            syswrite $socket, "\x88\x00";
            return gone($socket);
        }
        said($payload) if $opcode == 1 || $opcode == 2;
    }
}

while (1) {
    for my $socket ($select->can_read) {
        if ($socket == $server) {
            my $client = $server->accept or next;
            setsockopt $client, IPPROTO_TCP, TCP_NODELAY, 1;
            $buffer{$client} = '';
            $select->add($client);
            next;
        }
        my $read = sysread $socket, my $data, 65536;
        if (!$read) {
            gone($socket);
            next;
        }
        $buffer{$socket} .= $data;
        handshake($socket) unless $open{$socket};
        frames($socket) if $open{$socket};
    }
}
