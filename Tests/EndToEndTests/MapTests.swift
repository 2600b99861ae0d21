import Foundation
import Testing

extension EndToEndTests {
    /// GDAL's own programs, and so what QGIS reads with.
    @Suite("GDAL reading frames", .enabled(if: Program.isInstalled("ogr2ogr"), "needs gdal-bin"))
    struct MapTests {
        private static func run(_ program: String, _ arguments: [String]) async throws -> String {
            let outcome = try await ChildProcess.run(arguments, program: Program.find(program))
            // GDAL's status is 0 for many things that it could not do.
            #expect(outcome.status == 0 && !outcome.errors.contains("ERROR"), "\(outcome.errors)")
            return outcome.output
        }

        /// Twelve frames along a line, one without a position.
        private static func fill(_ server: Server) async throws {
            let session = try await server.session(#"{"drone_id": "kestrel-7", "registration": "identity"}"#)
            let frames = GoldenCase.folder.appending(path: "uavid-like/frames")
            for number in 0..<12 {
                let place = number == 5 ? "" : "&lat=49.49&lon=\(8.46 + Double(number) / 1000)"
                let time = "2026-06-01T08:00:\(number < 10 ? "0" : "")\(number)Z"
                let answer = try await server.put(
                    Data(contentsOf: frames.appending(path: "00\(number % 5).png")), number, to: session,
                    query: "?captured_at=\(time)\(place)")
                #expect(answer.status == 201 || answer.status == 200, "\(answer.text)")
            }
        }

        @Test("ogrinfo and ogr2ogr read the collection as OGC API Features, page by page, and narrow it")
        func features() async throws {
            try await withServer { server in
                try await Self.fill(server)
                let source = "OAPIF:\(server.url)/v1/ogc"
                let info = try await Self.run("ogrinfo", ["-so", source, "frames"])
                #expect(info.contains("Layer name: frames") && info.contains("drone_id: String"), "\(info)")
                #expect(info.contains("fraction_water: Real") && info.contains("datetime: DateTime"), "\(info)")
                // Pages of four: it has to follow the links.
                let all = try await Self.run(
                    "ogr2ogr",
                    ["-f", "CSV", "/vsistdout/", "-oo", "PAGE_SIZE=4", "-lco", "GEOMETRY=AS_XY", source, "frames"])
                let lines = all.split(separator: "\n")
                #expect(lines.count == 13, "\(all)")
                #expect(lines.count { $0.contains("kestrel-7") } == 12)
                let some = try await Self.run(
                    "ogr2ogr",
                    ["-f", "CSV", "/vsistdout/", "-spat", "8.4615", "49", "8.4645", "50", source, "frames"])
                #expect(some.split(separator: "\n").count == 4, "\(some)")
            }
        }

        @Test("ogr2ogr reads a list as GeoJSON into a GeoPackage")
        func list() async throws {
            try await withFolder { folder in
                try await withServer(data: folder.appending(path: "data")) { server in
                    try await Self.fill(server)
                    let package = folder.appending(path: "frames.gpkg").path
                    _ = try await Self.run(
                        "ogr2ogr", [package, "\(server.url)/v1/frames?f=geojson&limit=1000", "-nln", "frames"])
                    let info = try await Self.run("ogrinfo", ["-so", package, "frames"])
                    #expect(info.contains("Feature Count: 12") && info.contains("Geometry: Point"), "\(info)")
                    #expect(info.contains("Extent: (8.460000, 49.490000) - (8.471000, 49.490000)"), "\(info)")
                }
            }
        }
    }
}
