#!/bin/sh
# Lays out the root of an image that holds one program: image.sh PROGRAM ROOT
#
# With it go the libraries that it loads, those that look up names, the authorities that sign certificates, and a user.
set -eu
program=$1
root=$2

mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/data"
cp "$program" "$root/usr/bin/pubsub-lab"
chmod 755 "$root/usr/bin/pubsub-lab"

# The C library opens the last two by name when a host is looked up, so that `ldd` does not show them.
loader_path=$(ldd "$program" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p')
folder=$(dirname "$(echo "$loader_path" | grep '/libc\.so' | head -n 1)")
for library in $loader_path "$folder/libnss_dns.so.2" "$folder/libnss_files.so.2"; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done

# For brokers with TLS. A base without them gives an image that knows no authority.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
fi

echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'lab:x:10001:10001::/data:/nonexistent' >"$root/etc/passwd"
echo 'lab:x:10001:' >"$root/etc/group"
chown 10001:10001 "$root/data"
chmod 1777 "$root/tmp"
