import Foundation
import NIOCore
import NIOSSL
import Synchronization

/// Where the server's certificate and key lie, and whom clients' certificates have to come from.
package struct TLSFiles: Sendable {
    /// PEM: the certificate, and those between it and its authority.
    package var certificate: String
    /// PEM, not encrypted.
    package var key: String
    /// PEM: authorities, of one of which clients need a certificate; nil: they need none.
    package var clientCA: String?

    package init(certificate: String, key: String, clientCA: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientCA = clientCA
    }
}

/// The files are not what TLS needs.
package struct TLSFault: Error, CustomStringConvertible {
    package let description: String
}

/// What the server shows in handshakes: as of the files when they last made sense.
final class TLSCredentials: Sendable {
    /// One version of a file: another is another even if it was put there under the same name, or has the same time.
    private struct Version: Equatable {
        let path: String
        let inode: UInt64
        let bytes: Int64
        let seconds: Int
        let nanoseconds: Int

        init(_ path: String) {
            var status = stat()
            let isThere = stat(path, &status) == 0
            self.path = path
            inode = isThere ? UInt64(status.st_ino) : 0
            bytes = isThere ? Int64(status.st_size) : -1
            #if canImport(Darwin)
                (seconds, nanoseconds) = (status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec)
            #else
                (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
            #endif
        }
    }

    private struct State {
        var context: NIOSSLContext
        /// Of the files as last read, whether they made sense or not.
        var versions: [Version]
    }

    private let files: TLSFiles
    private let state: Mutex<State>

    /// For the next handshake.
    var context: NIOSSLContext { state.withLock { $0.context } }

    init(_ files: TLSFiles) throws(TLSFault) {
        self.files = files
        // Before they are read: what changes meanwhile is read again.
        let versions = Self.versions(files)
        state = Mutex(State(context: try Self.context(files), versions: versions))
    }

    /// Reads the files if they have changed since, or `always`.
    ///
    /// False: there was nothing to read. Where they make no sense, what was good before stays, and they are not looked
    /// at again until they change: a certificate and its key are two files, and one comes first.
    func reload(always: Bool = false) throws(TLSFault) -> Bool {
        let versions = Self.versions(files)
        let isKnown = state.withLock { state in
            defer { state.versions = versions }
            return state.versions == versions
        }
        guard always || !isKnown else { return false }
        let context = try Self.context(files)
        state.withLock { $0.context = context }
        return true
    }

    private static func versions(_ files: TLSFiles) -> [Version] {
        [files.certificate, files.key, files.clientCA].compactMap { $0.map(Version.init) }
    }

    private static func context(_ files: TLSFiles) throws(TLSFault) -> NIOSSLContext {
        let chain = try certificates(files.certificate, "--tls-certificate")
        let key: NIOSSLPrivateKey
        let text = try bytes(files.key, "--tls-key")
        do {
            key = try NIOSSLPrivateKey(bytes: text, format: .pem)
        } catch {
            throw TLSFault(description: "--tls-key: \(files.key) is no private key in PEM, or it is encrypted")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // A client whose key was revoked is cut off within a second, whether it says goodbye or not.
        configuration.shutdownTimeout = .seconds(1)
        if let path = files.clientCA {
            configuration.trustRoots = .certificates(try certificates(path, "--tls-client-ca"))
            // Clients have no host name to be checked.
            configuration.certificateVerification = .noHostnameVerification
            configuration.sendCANameList = true
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFault(
                description: "--tls-key: \(files.key) is not the key of the first certificate in \(files.certificate)")
        }
    }

    private static func certificates(_ path: String, _ option: String) throws(TLSFault) -> [NIOSSLCertificate] {
        let bytes = try bytes(path, option)
        guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
            throw TLSFault(description: "\(option): \(path) has no certificate in PEM, or a broken one")
        }
        return found
    }

    private static func bytes(_ path: String, _ option: String) throws(TLSFault) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TLSFault(description: "\(option): \(path) is not there, or cannot be read")
        }
        return [UInt8](data)
    }
}
