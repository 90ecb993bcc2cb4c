// What clients of well-known protocols send first.

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

export const PREFACE: Buffer = latin1("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const HTTP1: readonly (readonly [string, Buffer])[] = [
  ["GET", latin1("GET / HTTP/1.1\r\nhost: a\r\n\r\n")],
  ["POST", latin1("POST /orders?a=b HTTP/1.1\r\n")],
  ["HTTP/1.0", latin1("HEAD / HTTP/1.0\r\n")],
  ["a target for proxies", latin1("GET http://orders:8080/ HTTP/1.1\r\n")],
  ["CONNECT", latin1("CONNECT 10.0.0.1:443 HTTP/1.1\r\n")],
  ["OPTIONS *", latin1("OPTIONS * HTTP/1.1\r\n")],
  ["a long method", latin1("VERSION-CONTROL / HTTP/1.1\r\n")],
  ["a method that begins as the preface does", latin1("PRI * HTTP/1.1\r\n")],
  ["PROPFIND, PUT and PATCH alike", latin1("PROPFIND / HTTP/1.1\r\n")],
  ["a target longer than any line may be", latin1(`GET /${"a".repeat(8_192)}`)],
  ["a target beyond ASCII", latin1("GET /\xe4 HTTP/1.1\r\n")],
];

export const HTTP2: readonly (readonly [string, Buffer])[] = [
  ["the preface", PREFACE],
  ["the preface and settings", Buffer.concat([PREFACE, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])])],
];

export const TCP: readonly (readonly [string, Buffer])[] = [
  ["TLS", Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])],
  ["PostgreSQL's request for TLS", Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])],
  ["PostgreSQL's start", Buffer.from([0, 0, 0, 9, 0, 3, 0, 0, 0])],
  ["Redis", latin1("*1\r\n$4\r\nPING\r\n")],
  ["Redis by hand", latin1("PING\r\n")],
  ["Redis by hand with a path", latin1("SET /a b\r\n")],
  ["memcached", latin1("get a\r\n")],
  ["SSH", latin1("SSH-2.0-OpenSSH_9.2\r\n")],
  ["AMQP", latin1("AMQP\0\0\x09\x01")],
  ["MQTT", Buffer.from([0x10, 0x10, 0, 4])],
  ["Kafka", Buffer.from([0, 0, 0, 0x1f, 0, 18])],
  ["MongoDB, whose first byte is a letter here", Buffer.from([0x47, 0, 0, 0, 1])],
  ["NATS", latin1('CONNECT {"verbose":false}\r\n')],
  ["NATS publishing", latin1("PUB a 5\r\nhello\r\n")],
  ["SMTP", latin1("EHLO a\r\n")],
  ["SIP", latin1("INVITE sip:a@b SIP/2.0\r\n")],
  ["RTSP", latin1("OPTIONS rtsp://a/ RTSP/1.0\r\n")],
  ["HTTP/0.9", latin1("GET /\r\n")],
  ["a version of HTTP that is not for lines", latin1("GET / HTTP/2.0\r\n")],
  ["two spaces", latin1("GET  / HTTP/1.1\r\n")],
  ["a space in the target", latin1("GET /a b HTTP/1.1\r\n")],
  ["a method longer than any", latin1("A".repeat(25))],
  ["a hyphen for a method", latin1("-----BEGIN CERTIFICATE-----\n")],
  ["a broken preface", latin1("PRI * HTTP/2.0\r\n\r\nSN")],
  ["an empty line before the request", latin1("\r\nGET / HTTP/1.1\r\n")],
];
