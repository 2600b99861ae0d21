import Foundation

/// A certificate authority of a test's own, by the real openssl.
struct Authority {
    let folder: URL
    let name: String

    var certificate: URL { folder.appending(path: "\(name)-ca.pem") }
    private var key: URL { folder.appending(path: "\(name)-ca.key") }

    init(_ name: String, in folder: URL) async throws {
        self.name = name
        self.folder = folder
        try await Self.openssl(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-keyout", key.path, "-out", certificate.path, "-subj", "/CN=\(name)",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
            ])
    }

    struct Identity {
        let certificate: URL
        let key: URL
    }

    /// A certificate for localhost, or of a client, signed by this authority.
    func issue(_ name: String, algorithm: [String] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]) async throws
        -> Identity
    {
        let file = { (kind: String) in folder.appending(path: "\(self.name)-\(name).\(kind)") }
        let extensions = file("ext")
        try Data("subjectAltName=DNS:localhost,IP:127.0.0.1\n".utf8).write(to: extensions)
        try await Self.openssl(
            ["req", "-newkey"] + algorithm + [
                "-nodes", "-keyout", file("key").path, "-out", file("csr").path, "-subj", "/CN=\(name)",
            ])
        try await Self.openssl(
            [
                "x509", "-req", "-in", file("csr").path, "-CA", certificate.path, "-CAkey", key.path, "-CAcreateserial",
                "-days", "2", "-out", file("pem").path, "-extfile", extensions.path,
            ])
        return Identity(certificate: file("pem"), key: file("key"))
    }

    private static func openssl(_ arguments: [String]) async throws {
        let outcome = try await ChildProcess.run(arguments, program: Program.tool("openssl"))
        guard outcome.status == 0 else { throw TestFailure("openssl \(arguments[0]): \(outcome.errors)") }
    }
}
