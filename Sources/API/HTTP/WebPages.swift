import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The files of the page that people look at.
///
/// They are read once: what was not there at the start, or is of no known type, has no address, and no path leads
/// anywhere else.
package struct WebPages: Sendable {
    private struct Page {
        let type: String
        let bytes: ByteBuffer
        let tag: String
    }

    /// By path as requests have it.
    private var pages: [String: Page] = [:]

    /// No pages.
    package init() {}

    /// Those of a folder and the folders in it; `index.html` is also what the folder's own path gives.
    ///
    /// Names that begin with a dot, or have other characters than letters, digits, `.`, `_` and `-`, are passed over.
    package init(folder: URL) throws {
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let file = folder.appendingPathComponent(name)
            let parts = name.split(separator: "/")
            guard parts.allSatisfy({ $0.wholeMatch(of: /[A-Za-z0-9_-][A-Za-z0-9._-]*/) != nil }),
                let type = Self.types[file.pathExtension],
                try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
            else { continue }
            let bytes = try Data(contentsOf: file)
            let hash = SHA256.hash(data: bytes).prefix(16).map { String(format: "%02x", $0) }.joined()
            let page = Page(type: type, bytes: ByteBuffer(bytes: bytes), tag: "\"\(hash)\"")
            pages["/" + name] = page
            if parts.last == "index.html" { pages["/" + name.dropLast("index.html".count)] = page }
        }
    }

    package var isEmpty: Bool { pages.isEmpty }

    func contains(_ path: String) -> Bool { pages[path] != nil }

    /// Nil: there is no such page.
    func response(to request: Request) -> Response? {
        guard let page = pages[request.uri.path] else { return nil }
        let isKnown = request.headers[.ifNoneMatch]?.split(separator: ",").contains {
            let tag = $0.filter { $0 != " " }
            return tag == page.tag || tag == "W/" + page.tag || tag == "*"
        }
        var response =
            isKnown == true
            ? Response(status: .notModified)
            : Response(
                status: .ok, headers: [.contentType: page.type, .contentLength: String(page.bytes.readableBytes)],
                body: ResponseBody(byteBuffer: page.bytes))
        response.headers[.eTag] = page.tag
        // Kept, but asked for each time: a new server may have a new page.
        response.headers[.cacheControl] = "no-cache"
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[HTTPField.Name("Referrer-Policy")!] = "no-referrer"
        return response
    }

    /// Scripts, styles, pictures and data from this server alone, none of them written into the page.
    private static let policy =
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
        "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "ico": "image/x-icon",
        "json": "application/json", "map": "application/json", "webmanifest": "application/manifest+json",
        "woff2": "font/woff2", "txt": "text/plain; charset=utf-8", "md": "text/markdown; charset=utf-8",
    ]
}
