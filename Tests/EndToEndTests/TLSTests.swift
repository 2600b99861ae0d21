import Foundation
import Testing

extension EndToEndTests {
    /// With certificates of the real openssl, and the real curl.
    @Suite("TLS") struct TLSTests {
        private static func curl(_ port: Int, _ ca: URL, _ arguments: [String], _ path: String = "/healthz")
            async throws -> ChildProcess.Outcome
        {
            try await ChildProcess.run(
                ["-sS", "--max-time", "20", "--cacert", ca.path] + arguments + ["https://localhost:\(port)\(path)"],
                program: try Program.tool("curl"))
        }

        private static func arguments(_ identity: Authority.Identity) -> [String] {
            ["--tls-certificate", identity.certificate.path, "--tls-key", identity.key.path]
        }

        /// A client of Python's, which sends what it likes.
        private static func python(_ port: Int, _ ca: URL, _ script: String) async throws -> ChildProcess.Outcome {
            let start = """
                import socket, ssl, sys
                plain = socket.create_connection(("127.0.0.1", \(port)), timeout=30)
                def wrap():
                    context = ssl.create_default_context(cafile="\(ca.path)")
                    context.set_alpn_protocols(["h2", "http/1.1"])
                    return context.wrap_socket(plain, server_hostname="localhost")
                def rest(line):
                    text = b""
                    while True:
                        try: more = line.recv(65536)
                        except (ssl.SSLError, ConnectionResetError): break
                        if not more: break
                        text += more
                    return text.decode()

                """
            return try await ChildProcess.run(
                ["-c", start + script], program: try Program.tool("python3"))
        }

        @Test("The whole service is had over TLS 1.2 and 1.3, and not without")
        func service() async throws {
            try await withFolder { folder in
                let authority = try await Authority("authority", in: folder)
                let identity = try await authority.issue("server")
                let data = folder.appending(path: "data")
                try await withServer(data: data, arguments: Self.arguments(identity)) { server in
                    for version in [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"]] {
                        let answer = try await Self.curl(server.port, authority.certificate, version)
                        #expect(answer.status == 0 && answer.output.contains("ok"), "\(answer.errors)")
                    }
                    let begun = try await Self.curl(
                        server.port, authority.certificate, ["-X", "POST", "-w", "%{http_code}"], "/v1/sessions")
                    #expect(begun.output.hasSuffix("201"), "\(begun.output)")
                    // Others' authorities do not vouch for it.
                    let stranger = try await Authority("stranger", in: folder)
                    let distrusted = try await Self.curl(server.port, stranger.certificate, [])
                    #expect(distrusted.status == 60, "\(distrusted.errors)")
                    // Nor are versions spoken that are broken; curl has to be told that it may.
                    let old = try await Self.curl(
                        server.port, authority.certificate,
                        ["--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0"])
                    #expect(old.status != 0)
                    let plain = try await ChildProcess.run(
                        ["-sS", "--max-time", "20", "http://127.0.0.1:\(server.port)/healthz"],
                        program: try Program.tool("curl"))
                    #expect(plain.status != 0 && !plain.output.contains("ok"))
                    let protocols = try await Self.python(
                        server.port, authority.certificate, "print(wrap().selected_alpn_protocol())")
                    #expect(protocols.output == "http/1.1\n", "\(protocols.errors)")
                }
            }
        }

        @Test("The cookie is for TLS alone")
        func cookie() async throws {
            try await withFolder { folder in
                let authority = try await Authority("authority", in: folder)
                let identity = try await authority.issue("server")
                let key = "0123456789abcdef"
                try await withServer(
                    data: folder.appending(path: "data"), arguments: Self.arguments(identity),
                    environment: ["WINDHOVER_API_KEY": key]
                ) { server in
                    let login = try await Self.curl(
                        server.port, authority.certificate,
                        ["-X", "POST", "-D", "-", "-H", "Authorization: Bearer \(key)"], "/v1/login")
                    #expect(login.output.contains("SameSite=Strict; Secure"), "\(login.output)")
                }
            }
        }

        @Test("A renewed certificate is taken without a restart, a broken one is not", arguments: [true, false])
        func renewal(bySignal: Bool) async throws {
            try await withFolder { folder in
                let (old, new) = (try await Authority("old", in: folder), try await Authority("new", in: folder))
                let first = try await old.issue("server")
                // Of another algorithm: the key is new as well.
                let second = try await new.issue("server", algorithm: ["rsa:2048"])
                func put(_ source: URL, in place: URL) throws {
                    // As those who renew do: the file is there, whole, at every moment.
                    let draft = place.appendingPathExtension("new")
                    try Data(contentsOf: source).write(to: draft)
                    guard rename(draft.path, place.path) == 0 else { throw TestFailure("rename: \(errno)") }
                }
                let place = Authority.Identity(
                    certificate: folder.appending(path: "live.pem"), key: folder.appending(path: "live.key"))
                try put(first.certificate, in: place.certificate)
                try put(first.key, in: place.key)
                let server = try await Server(
                    data: folder.appending(path: "data"), arguments: Self.arguments(place))
                func reload() { if bySignal { server.process.signal(SIGHUP) } }
                func isTrusted(by authority: Authority) async throws -> Bool {
                    try await Self.curl(server.port, authority.certificate, []).status == 0
                }
                // Asked until it is so: the server is killed when its life span is over, and with it this test's hope.
                func until(_ authority: Authority) async throws {
                    while try await !isTrusted(by: authority) {
                        let answers = try await Self.curl(server.port, authority.certificate, ["-k"]).status == 0
                        try #require(answers, "the server has gone")
                    }
                }
                #expect(try await isTrusted(by: old))
                // A connection that is open goes on with what it began with.
                try Data("no certificate\n".utf8).write(to: place.certificate)
                reload()
                #expect(try await isTrusted(by: old))
                try put(second.certificate, in: place.certificate)
                reload()
                // The key does not fit yet.
                #expect(try await isTrusted(by: old))
                try put(second.key, in: place.key)
                reload()
                try await until(new)
                #expect(try await !isTrusted(by: old))
                server.process.signal(SIGTERM)
                let outcome = await server.process.outcome
                #expect(outcome.status == 0 && !outcome.wasKilled)
                #expect(outcome.errors.contains("was read again"), "\(outcome.errors)")
                if bySignal {
                    #expect(outcome.errors.contains("stays as it was") && outcome.errors.contains("live.pem"))
                }
            }
        }

        @Test("Where clients need certificates, those of the authority come in, and no others")
        func mutual() async throws {
            try await withFolder { folder in
                let authority = try await Authority("authority", in: folder)
                let clients = try await Authority("clients", in: folder)
                let (server, client) = (try await authority.issue("server"), try await clients.issue("drone"))
                let stranger = try await authority.issue("stranger")
                try await withServer(
                    data: folder.appending(path: "data"),
                    arguments: Self.arguments(server) + ["--tls-client-ca", clients.certificate.path]
                ) { running in
                    func curl(_ identity: Authority.Identity?, _ version: [String]) async throws -> Int32 {
                        let shown = identity.map { ["--cert", $0.certificate.path, "--key", $0.key.path] } ?? []
                        return try await Self.curl(running.port, authority.certificate, shown + version).status
                    }
                    for version in [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"]] {
                        let own = try await curl(client, version)
                        let none = try await curl(nil, version)
                        let others = try await curl(stranger, version)
                        #expect(own == 0 && none != 0 && others != 0, "\(version)")
                    }
                }
            }
        }

        @Test("Limits hold for what is inside, and a handshake takes no longer than a request's head")
        func limits() async throws {
            try await withFolder { folder in
                let authority = try await Authority("authority", in: folder)
                let identity = try await authority.issue("server")
                try await withServer(
                    data: folder.appending(path: "data"),
                    arguments: Self.arguments(identity) + [
                        "--body-timeout", "1", "--idle-timeout", "2", "--max-body", "1",
                    ]
                ) { server in
                    let head = "POST /v1/sessions HTTP/1.1\\r\\nHost: localhost\\r\\n"
                    // Each reads until the server closes; its own time-out of 30 seconds is an error.
                    for (script, expected) in [
                        // A body that does not come.
                        (
                            """
                            line = wrap()
                            line.sendall(b"\(head)Content-Length: 10\\r\\n\\r\\n{")
                            print(rest(line)[:12])
                            """, "HTTP/1.1 408"
                        ),
                        // A head that does not come.
                        (
                            """
                            line = wrap()
                            line.sendall(b"POST /v1/")
                            print("closed", len(rest(line)))
                            """, "closed 0"
                        ),
                        // A handshake that does not come, and one that stops in the middle.
                        ("print('closed', len(rest(plain)))", "closed 0"),
                        ("plain.sendall(bytes([22, 3, 1, 2, 0]))\nprint('closed', len(rest(plain)))", "closed 0"),
                        // A body that is too long is refused by its head.
                        (
                            """
                            line = wrap()
                            line.sendall(b"PUT /v1/sessions/x/frames/0 HTTP/1.1\\r\\nHost: localhost\\r\\n"
                                b"Content-Type: image/png\\r\\nExpect: 100-continue\\r\\nContent-Length: 9999999\\r\\n\\r\\n")
                            print(line.recv(65536)[:9].decode())
                            """, "HTTP/1.1 "
                        ),
                    ] {
                        let outcome = try await Self.python(server.port, authority.certificate, script)
                        #expect(
                            outcome.status == 0 && outcome.output.hasPrefix(expected),
                            "\(outcome.errors)\(outcome.output)")
                    }
                    #expect(try await Self.curl(server.port, authority.certificate, []).status == 0)
                }
            }
        }

        @Test("Files that make no sense are named at the start")
        func faults() async throws {
            try await withFolder { folder in
                let authority = try await Authority("authority", in: folder)
                let (one, other) = (try await authority.issue("one"), try await authority.issue("other"))
                let nonsense = folder.appending(path: "nonsense.pem")
                try Data("nonsense".utf8).write(to: nonsense)
                for (certificate, key, ca, names) in [
                    (one.certificate.path, other.key.path, nil, ["--tls-key", other.key.path, one.certificate.path]),
                    ("/nowhere/c.pem", one.key.path, nil, ["--tls-certificate", "/nowhere/c.pem"]),
                    (nonsense.path, one.key.path, nil, ["--tls-certificate", nonsense.path]),
                    (one.certificate.path, nonsense.path, nil, ["--tls-key", nonsense.path]),
                    (one.certificate.path, one.key.path, nonsense.path, ["--tls-client-ca", nonsense.path]),
                ] as [(String, String, String?, [String])] {
                    let outcome = try await ChildProcess.run(
                        [
                            "serve", "--models", GoldenCase.folder.path, "--data", folder.appending(path: "data").path,
                            "--port", "0", "--tls-certificate", certificate, "--tls-key", key,
                        ] + (ca.map { ["--tls-client-ca", $0] } ?? []))
                    #expect(outcome.status != 0 && !outcome.wasKilled)
                    for name in names { #expect(outcome.errors.contains(name), "\(outcome.errors)") }
                }
            }
        }
    }
}
