"""
An ONVIF camera for tests, by the standard library alone: a device and two
media services over HTTP, and WS-Discovery over UDP. It checks what it is told
as a camera does: the digest of a WS-UsernameToken, its time against its own
clock, and HTTP Digest (RFC 7616).

    onvif_camera.py MAIN SUB    two rtsp:// addresses: prints its own, until
                                standard input ends
    Camera(rtsp_port=..., flags=...)    flags, any of:
      http-md5 http-sha256   asks for HTTP Digest; takes no token
      new-nonce              ... with a nonce that holds for one connection,
                             and an answer ends it
      basic                  asks for the password in the clear
      chunked close old-http answers in chunks; closes after each; HTTP/1.0
      no-services media1 media2   knows no GetServices; has the first media
                             alone, the second alone
      media2-broken          says that it has the second, and has not
      wrong-host             says addresses that are not its own
      clock                  its clock is two hours late
      no-login               asks for no password
      untyped-only noise many   how it answers to a search: to one without a
                             type alone; with noise; as a hundred cameras
      bomb endless huge slow html silent redirect deep   what no camera does
"""
import base64
import datetime
import hashlib
import http.server
import os
import re
import socket
import socketserver
import struct
import sys
import threading
import time
from xml.sax.saxutils import escape, unescape

USER, PASSWORD = 'ada', 'a-long-secret'
WSSE = 'wssecurity-secext-1.0.xsd'
TT = 'http://www.onvif.org/ver10/schema'
MEDIA = 'http://www.onvif.org/ver10/media/wsdl'
MEDIA_2 = 'http://www.onvif.org/ver20/media/wsdl'
DEVICE = 'http://www.onvif.org/ver10/device/wsdl'


def envelope(body):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n'
            '<SOAP-ENV:Envelope '
            'xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" '
            f'xmlns:tt="{TT}" xmlns:trt="{MEDIA}" xmlns:tr2="{MEDIA_2}" '
            f'xmlns:tds="{DEVICE}" xmlns:ter="http://www.onvif.org/ver10/error">'
            f'<SOAP-ENV:Header/><SOAP-ENV:Body>{body}</SOAP-ENV:Body>'
            '</SOAP-ENV:Envelope>')


def fault(subcode):
    return envelope(
        '<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender'
        f'</SOAP-ENV:Value><SOAP-ENV:Subcode><SOAP-ENV:Value>ter:{subcode}'
        '</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code>'
        '<SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="en">no</SOAP-ENV:Text>'
        '</SOAP-ENV:Reason></SOAP-ENV:Fault>')


def first(pattern, text):
    m = re.search(pattern, text, re.S)
    return unescape(m.group(1)) if m else None


class Camera:
    def __init__(self, rtsp_port=554, flags=(), address='127.0.0.1',
                 discovery=False, uris=None):
        self.flags = set(flags)
        self.rtsp_port = rtsp_port
        self.address = address
        self.uris = uris or {}  # by token, in place of its own
        self.asked = []
        self.connections = 0
        self.wrong = 0  # sign-ins that failed
        self.nonces = set()
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def setup(self):
                super().setup()
                camera.connections += 1
                self.nonce = os.urandom(8).hex()

            def log_message(self, *_):
                pass

            def do_POST(self):
                camera.serve(self)

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # the peer went: as it may

        self.server = Server((address, 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f'http://{address}:{self.port}/onvif/device_service'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.udp = None
        if discovery:
            self.discovery_open()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        if self.udp:
            try:
                self.udp.shutdown(socket.SHUT_RD)
            except OSError:
                pass  # it says so, and wakes the reader all the same
            self.udp.close()

    # --- who is there ---

    def discovery_open(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind(('239.255.255.250', 3702))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack(
            '4s4s', socket.inet_aton('239.255.255.250'),
            socket.inet_aton('127.0.0.1')))
        self.udp = s
        threading.Thread(target=self.discovery, daemon=True).start()

    def discovery(self):
        # answers come from the camera's own address
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        out.bind((self.address, 0))
        while True:
            try:
                data, peer = self.udp.recvfrom(65536)
            except OSError:
                return
            text = data.decode()
            message = first(r'<w:MessageID>(.*?)</w:MessageID>', text)
            typed = 'NetworkVideoTransmitter</d:Types>' in text
            if message is None or '<d:Probe>' not in text:
                continue
            if typed and 'untyped-only' in self.flags:
                continue
            if 'noise' in self.flags:
                for noise in (b'', b'\0' * 1400, b'<' * 60000,
                              b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b '
                              b'"c">]><a>&b;</a>',
                              self.match(message, 'pub:Computer', '')):
                    out.sendto(noise, peer)
                continue
            scopes = ('onvif://www.onvif.org/type/video_encoder '
                      'onvif://www.onvif.org/name/Front%20door '
                      'onvif://www.onvif.org/hardware/TEST-1')
            out.sendto(self.match(message, 'dn:NetworkVideoTransmitter',
                                  scopes), peer)
            # a hundred spread their answers over half a second, as they must
            for i in range(100 if 'many' in self.flags else 0):
                time.sleep(0.005)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    s.bind((f'127.0.1.{i + 1}', 0))
                    s.sendto(self.match(message, 'x:NetworkVideoTransmitter',
                                        scopes, f'many-{i}'), peer)

    def match(self, message, types, scopes, uuid=None):
        uuid = uuid or f'uuid-of-{self.address}'
        other = 'http://192.0.2.1/elsewhere '
        own = '' if 'wrong-host' in self.flags else self.url
        return envelope(
            '<d:ProbeMatches xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/'
            'discovery" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/'
            f'addressing"><a:RelatesTo>{message}</a:RelatesTo><d:ProbeMatch>'
            f'<a:EndpointReference><a:Address>urn:uuid:{uuid}</a:Address>'
            f'</a:EndpointReference><d:Types>{types}</d:Types><d:Scopes>'
            f'{scopes}</d:Scopes><d:XAddrs>{other}{own}</d:XAddrs>'
            '<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch>'
            '</d:ProbeMatches>').encode()

    # --- who asks ---

    def now(self):
        late = 7200 if 'clock' in self.flags else 0
        return (datetime.datetime.now(datetime.timezone.utc) -
                datetime.timedelta(seconds=late))

    def token_fits(self, text):
        digest = first(r'#PasswordDigest">(.*?)</Password>', text)
        nonce = first(r'#Base64Binary">(.*?)</Nonce>', text)
        created = first(r'<Created[^>]*>(.*?)</Created>', text)
        user = first(r'<Username>(.*?)</Username>', text)
        if None in (digest, nonce, created, user) or nonce in self.nonces:
            return False
        self.nonces.add(nonce)
        at = datetime.datetime.fromisoformat(created.replace('Z', '+00:00'))
        if abs((at - self.now()).total_seconds()) > 60:
            return False
        want = hashlib.sha1(base64.b64decode(nonce) + created.encode() +
                            PASSWORD.encode()).digest()
        return user == USER and base64.b64decode(digest) == want

    def digest_fits(self, handler, name):
        value = handler.headers.get('Authorization') or ''
        if not value.startswith('Digest '):
            return False
        f = {k: a or b for k, a, b in
             re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', value)}
        nonce = (handler.nonce if 'new-nonce' in self.flags else 'the-nonce')
        if f.get('nonce') != nonce or f.get('uri') != handler.path:
            return False

        def h(*parts):
            return hashlib.new(name, ':'.join(parts).encode()).hexdigest()
        want = h(h(USER, 'camera', PASSWORD), nonce, f.get('nc', ''),
                 f.get('cnonce', ''), 'auth', h('POST', f['uri']))
        return f.get('username') == USER and f.get('response') == want

    def allowed(self, handler, text):
        """None, or the answer: status, body, extra fields."""
        for flag, name, said in (('http-md5', 'md5', 'MD5'),
                                 ('http-sha256', 'sha256', 'SHA-256')):
            if flag not in self.flags:
                continue
            if self.digest_fits(handler, name):
                return None
            nonce = (handler.nonce if 'new-nonce' in self.flags
                     else 'the-nonce')
            self.wrong += (f'nonce="{nonce}"' in
                           (handler.headers.get('Authorization') or ''))
            return 401, '', [('WWW-Authenticate', 'Basic realm="camera"'),
                             ('WWW-Authenticate',
                              f'Digest realm="camera", nonce="{nonce}", '
                              f'qop="auth", algorithm={said}')]
        if 'basic' in self.flags:
            assert handler.headers.get('Authorization') is None
            return 401, '', [('WWW-Authenticate', 'Basic realm="camera"')]
        if 'no-login' in self.flags or self.token_fits(text):
            return None
        self.wrong += WSSE in text
        return 400, fault('NotAuthorized'), []

    # --- what is asked ---

    def serve(self, handler):
        if handler.headers.get('Expect'):
            return
        text = handler.rfile.read(
            int(handler.headers['Content-Length'])).decode()
        body = text[text.index('<s:Body>') + 8:]
        name = first(r'^<(\w+)', body)
        space = first(r'^<\w+ xmlns="([^"]+)"', body)
        self.asked.append(name)
        assert f'{space}/{name}"' in handler.headers['Content-Type']
        for flag, misdeed in (
                ('silent', self.silent), ('slow', self.slow),
                ('endless', self.endless)):
            if flag in self.flags:
                return misdeed(handler)
        if 'redirect' in self.flags:
            return self.answer(handler, 302, '', [
                ('Location', 'http://192.0.2.1/')])
        if 'html' in self.flags:
            return self.answer(handler, 200, '<html><body>Hi<br></html>')
        if 'bomb' in self.flags:
            return self.answer(handler, 200, self.bomb())
        if 'huge' in self.flags:
            return self.answer(handler, 200, envelope('<a/>' * 200000))
        if 'deep' in self.flags:
            return self.answer(handler, 200, envelope('<a>' * 50000))
        if name != 'GetSystemDateAndTime':
            no = self.allowed(handler, text)
            if no is not None:
                return self.answer(handler, *no)
        return self.act(handler, name, space, body)

    def act(self, handler, name, space, body):
        make = getattr(self, 'say_' + name, None)
        if (make is None or (name == 'GetServices' and
                             'no-services' in self.flags) or
                ('media2' in self.flags and space == MEDIA) or
                (self.flags & {'media1', 'media2-broken'} and
                 space == MEDIA_2)):
            return self.answer(handler, 500, fault('ActionNotSupported'))
        said = make(body, space)
        if said is None:
            return self.answer(handler, 400, fault('InvalidArgVal'))
        return self.answer(handler, 200, envelope(said))

    def answer(self, handler, status, body, fields=()):
        data = body.encode()
        if 'old-http' in self.flags:
            handler.protocol_version = 'HTTP/1.0'
        handler.send_response(status)
        for field in fields:
            handler.send_header(*field)
        handler.send_header('Content-Type', 'application/soap+xml')
        if 'close' in self.flags or (
                'new-nonce' in self.flags and status == 200):
            handler.send_header('Connection', 'close')
            handler.close_connection = True
        if 'old-http' in self.flags:
            handler.close_connection = True
        elif 'chunked' in self.flags:
            handler.send_header('Transfer-Encoding', 'chunked')
            data = b''.join(b'%x\r\n%s\r\n' % (len(data[i:i + 100]),
                                               data[i:i + 100])
                            for i in range(0, len(data), 100)) + b'0\r\n\r\n'
        else:
            handler.send_header('Content-Length', str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def host(self):
        return ('192.0.2.1:81' if 'wrong-host' in self.flags
                else f'{self.address}:{self.port}')

    def say_GetSystemDateAndTime(self, *_):
        n = self.now()
        return (
            '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>'
            '<tt:DateTimeType>Manual</tt:DateTimeType><tt:UTCDateTime><tt:Time>'
            f'<tt:Hour>{n.hour}</tt:Hour><tt:Minute>{n.minute}</tt:Minute>'
            f'<tt:Second>{n.second}</tt:Second></tt:Time><tt:Date><tt:Year>'
            f'{n.year}</tt:Year><tt:Month>{n.month}</tt:Month><tt:Day>{n.day}'
            '</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime>'
            '</tds:GetSystemDateAndTimeResponse>')

    def say_GetServices(self, *_):
        spaces = [(DEVICE, 'device_service')]
        if 'media1' not in self.flags:
            spaces.append((MEDIA_2, 'media2'))
        if 'media2' not in self.flags:
            spaces.append((MEDIA, 'media'))
        return ('<tds:GetServicesResponse>' + ''.join(
            f'<tds:Service><tds:Namespace>{space}</tds:Namespace><tds:XAddr>'
            f'http://{self.host()}/onvif/{path}</tds:XAddr><tds:Version>'
            '<tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version>'
            '</tds:Service>' for space, path in spaces) +
            '</tds:GetServicesResponse>')

    def say_GetCapabilities(self, *_):
        return (
            '<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device>'
            f'<tt:XAddr>http://{self.host()}/onvif/device_service</tt:XAddr>'
            f'</tt:Device><tt:Media><tt:XAddr>http://{self.host()}/onvif/media'
            '</tt:XAddr></tt:Media></tds:Capabilities>'
            '</tds:GetCapabilitiesResponse>')

    def say_GetDeviceInformation(self, *_):
        return (
            '<tds:GetDeviceInformationResponse><tds:Manufacturer>Test &amp; '
            'S\u00f6hne</tds:Manufacturer><tds:Model>T-1</tds:Model>'
            '<tds:SerialNumber>7</tds:SerialNumber>'
            '</tds:GetDeviceInformationResponse>')

    PROFILES = [
        # token, name, codec, width, height, fps, kbit/s, audio
        ('P&1', 'main', 'H265', 2560, 1440, 25, 4096, True),
        ('P"2', 'sub\x7f', 'H264', 640, 360, 15, 512, False),
    ]

    def say_GetProfiles(self, _, space):
        two = space == MEDIA_2
        out = ''
        for token, name, codec, w, h, fps, kbit, audio in self.PROFILES:
            if not two:
                codec = 'H264'  # there is no other word
            t = escape(token, {'"': '&quot;'})
            video = (f'<tt:Encoding>{codec}</tt:Encoding><tt:Resolution>'
                     f'<tt:Width>{w}</tt:Width><tt:Height>{h}</tt:Height>'
                     '</tt:Resolution><tt:RateControl><tt:FrameRateLimit>'
                     f'{fps}</tt:FrameRateLimit><tt:BitrateLimit>{kbit}'
                     '</tt:BitrateLimit></tt:RateControl>')
            if two:
                sound = '<tr2:AudioEncoder token="a"/>' if audio else ''
                out += (f'<tr2:Profiles token="{t}"><tr2:Name>{name}</tr2:Name>'
                        '<tr2:Configurations><tr2:VideoEncoder token="v">'
                        f'<tt:Name>v</tt:Name>{video}</tr2:VideoEncoder>'
                        f'{sound}</tr2:Configurations></tr2:Profiles>')
            else:
                sound = ('<tt:AudioEncoderConfiguration token="a">'
                         '<tt:Encoding>AAC</tt:Encoding>'
                         '</tt:AudioEncoderConfiguration>' if audio else '')
                out += (f'<trt:Profiles token="{t}"><tt:Name>{name}</tt:Name>'
                        '<tt:VideoEncoderConfiguration token="v"><tt:Name>v'
                        f'</tt:Name>{video}</tt:VideoEncoderConfiguration>'
                        f'{sound}</trt:Profiles>')
        prefix = 'tr2' if two else 'trt'
        return (f'<{prefix}:GetProfilesResponse>{out}'
                f'</{prefix}:GetProfilesResponse>')

    def say_GetStreamUri(self, body, space):
        token = first(r'<ProfileToken>(.*?)</ProfileToken>', body)
        if token not in [p[0] for p in self.PROFILES]:
            return None
        host = '192.0.2.1' if 'wrong-host' in self.flags else self.address
        path = '/live' if token == 'P"2' else '/main?a=1&b=2'
        uri = escape(self.uris.get(
            token, f'rtsp://{host}:{self.rtsp_port}{path}'))
        if space == MEDIA_2:
            return (f'<tr2:GetStreamUriResponse><tr2:Uri>{uri}</tr2:Uri>'
                    '</tr2:GetStreamUriResponse>')
        return ('<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>'
                f'{uri}</tt:Uri><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>'
                '</trt:GetStreamUriResponse>')

    # --- what no camera does ---

    def bomb(self):
        lines = ['<!DOCTYPE a [<!ENTITY l0 "ha">']
        for i in range(1, 12):
            lines.append(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">')
        return ('<?xml version="1.0"?>' + ''.join(lines) + ']>' +
                envelope('<a>&l11;</a>').split('?>', 1)[1])

    def silent(self, handler):
        time.sleep(30)

    def slow(self, handler):
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
        for _ in range(1000):
            handler.wfile.write(b' ')
            handler.wfile.flush()
            time.sleep(0.1)

    def endless(self, handler):
        handler.wfile.write(b'HTTP/1.1 200 OK\r\n\r\n' + b'<a>' * 10)
        while True:
            handler.wfile.write(b'<b>c</b>' * 1000)


if __name__ == '__main__':
    tokens = [p[0] for p in Camera.PROFILES]
    print(Camera(uris=dict(zip(tokens, sys.argv[1:]))).url, flush=True)
    sys.stdin.read()
