import Foundation
import Telemetry
import Testing

@Suite struct TelemetryTrackTests {
    private static func moment(
        _ index: Int = 0, name: String = "", elapsed: Double = 0, at: Double? = nil
    ) -> TelemetryTrack.Moment {
        .init(name: name, index: index, elapsed: elapsed, capturedAt: at.map(Date.init(timeIntervalSince1970:)))
    }

    @Test func `a CSV finds pictures by name`() throws {
        let text = """
            file,lat,lon,alt_m,agl_m,gimbal_pitch_deg,focal_35mm,battery
            frames/000001.jpg,49.4875,8.466,150,50,-90,24,88 %
            "000002.jpg", 49.4876 ,8.4661,,51,-60,,
            """
        let track = try TelemetryTrack(text, fileName: "flight.csv")
        #expect(track.count == 2 && !track.needsTimes)
        let first = try #require(track.source(of: Self.moment(name: "000001.jpg")))
        #expect(first.origin == .sidecar && first.focalLength35mm == 24)
        #expect(
            first.values == [
                .latitude: 49.4875, .longitude: 8.466, .altitude: 150, .heightAboveGround: 50, .gimbalPitch: -90,
            ])
        let second = try #require(track.source(of: Self.moment(name: "000002.jpg")))
        #expect(second.values[.altitude] == nil && second.values[.latitude] == 49.4876)
        #expect(track.source(of: Self.moment(1, name: "000003.jpg")) == nil)
    }

    @Test func `a flight log in feet, by the clock, is interpolated the shorter way round`() throws {
        let text = """
            time(millisecond);datetime(utc);latitude;longitude;height_above_takeoff(feet);compass_heading(degrees);speed(mph)
            0;2026-06-01 08:00:00;49.0;179.99;100;350;10
            2000;2026-06-01 08:00:02;49.1;-179.99;200;20;20
            60000;2026-06-01 08:01:00;49.2;-179.9;200;20;20
            """
        let track = try TelemetryTrack(text, fileName: "airdata")
        #expect(track.needsTimes)
        let values = try #require(track.source(of: Self.moment(at: 1_780_300_801))).values
        #expect(abs((values[.latitude] ?? 0) - 49.05) < 1e-9)
        #expect(abs(abs(values[.longitude] ?? 0) - 180) < 1e-9)
        #expect(abs((values[.heightAboveGround] ?? 0) - 45.72) < 1e-9)
        #expect(abs((values[.heading] ?? 0) - 5) < 1e-9)
        #expect(abs((values[.speed] ?? 0) - 6.7056) < 1e-9)
        // Nobody knows what was in a gap, before the beginning or after the end.
        #expect(track.source(of: Self.moment(at: 1_780_300_830)) == nil)
        #expect(track.source(of: Self.moment(at: 1_780_300_802.9)) != nil)
        #expect(track.source(of: Self.moment(at: 1_780_300_798)) == nil)
        #expect(track.source(of: Self.moment(at: nil)) == nil)
    }

    @Test func `a CSV without names and times goes line by line, one with numbers by them`() throws {
        let plain = try TelemetryTrack("lat\tlon\n1\t2\n3\t4\n", fileName: "a.tsv")
        #expect(plain.source(of: Self.moment(1))?.values[.longitude] == 4)
        #expect(plain.source(of: Self.moment(2)) == nil)
        let numbered = try TelemetryTrack("frame,lat,lon\n7,1,2\n", fileName: "a.csv")
        #expect(numbered.source(of: Self.moment(7))?.values[.latitude] == 1)
        let elapsed = try TelemetryTrack("elapsed_s,yaw\n0,-170\n4,170\n", fileName: "a.csv")
        let heading = elapsed.source(of: Self.moment(elapsed: 3))?.values[.heading]
        #expect(abs((heading ?? 0) - 175) < 1e-9)
    }

    @Test(
        "What is wrong with a CSV is said, with its line",
        arguments: [
            ("", nil, "empty"), ("a,b\n1,2\n", 1, "no column is known"), ("lat,lon\n", nil, "nothing of any picture"),
            ("lat,lon\n1,2\nx,3\n", 3, "\"x\" is no lat"), ("lat,lon\n\n95,3\n", 3, "\"95\" is no lat"),
            ("lat,lon\n1,\n", 2, "both lat and lon"), ("lat,lon,time\n1,2,noon\n", 2, "\"noon\" is no time"),
            ("frame,lat,lon\n1.5,1,2\n", 2, "no frame"), ("lat,lon,agl_m\n1,2,nan\n", 2, "no agl_m"),
        ])
    func fault(text: String, line: Int?, message: String) {
        let error = #expect(throws: TelemetryTrack.Fault.self) { try TelemetryTrack(text, fileName: "x.csv") }
        #expect(error?.line == line && error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test(
        "Every dialect of DJI's subtitles is read",
        arguments: [
            """
            <font size="28">FrameCnt: 1, DiffTime: 33ms
            2026-06-01 10:00:00.123
            [iso: 100] [shutter: 1/3200.0] [fnum: 1.7] [focal_len: 24.00] [dzoom_ratio: 1.00] [latitude: 49.4875] [longitude: 8.466] [rel_alt: 50.300 abs_alt: 160.500] [gb_yaw: -92.4 gb_pitch: -89.9 gb_roll: 0.0] </font>
            """,
            """
            <font size="36">SrtCnt : 1, DiffTime : 33ms
            2026-06-01 10:00:00,123,456
            [iso : 110] [shutter : 1/200.0] [fnum : 280] [ev : 0.7] [focal_len : 240] [dzoom_ratio: 10000, delta:0],[latitude : 49.4875] [longtitude : 8.466] [altitude: 160.5] [rel_alt: 50.3]</font>
            """,
            "F/2.8, SS 206.14, ISO 100, EV 0, DZOOM 1.000, GPS (8.4660, 49.4875, 16), D 24.6m, H 50.30m, H.S 4.81m/s, V.S 0.00m/s",
            "HOME(8.1,49.1) 2026.06.01 10:00:00\nGPS(8.4660,49.4875,19) BAROMETER:50.3\nISO:100 Shutter:60 EV: Fnum:F2.8",
        ])
    func dialects(block: String) throws {
        let other = block.replacing("49.4875", with: "49.4885")
        let text = "1\n00:00:00,000 --> 00:00:00,033\n\(block)\n\n2\n00:00:01,000 --> 00:00:01,033\n\(other)\n\n"
        let track = try TelemetryTrack(text, fileName: "DJI_0001.SRT")
        #expect(track.count == 2 && !track.needsTimes)
        let source = try #require(track.source(of: Self.moment(elapsed: 0.5)))
        #expect(abs((source.values[.latitude] ?? 0) - 49.488) < 1e-9)
        #expect(source.values[.longitude] == 8.466 && source.values[.heightAboveGround] == 50.3)
        if block.contains("focal_len") { #expect(source.focalLength35mm == 24) }
        if block.contains("gb_yaw") {
            #expect(source.values[.gimbalYaw] == -92.4 && source.values[.gimbalPitch] == -89.9)
        }
        if block.contains("H.S") { #expect(source.values[.speed] == 4.81) }
        #expect(track.source(of: Self.moment(elapsed: 30)) == nil)
    }

    @Test func `a subtitle without a fix, or with digital zoom, tells no place and no lens`() throws {
        let block =
            "[focal_len: 24.00] [dzoom_ratio: 2.00] [latitude: 0.000000] [longitude: 0.000000] [rel_alt: 3.0 abs_alt: 9.0]"
        let track = try TelemetryTrack("1\n00:00:00,000 --> 00:00:00,033\n\(block)\n", fileName: "a.srt")
        let source = try #require(track.source(of: Self.moment()))
        #expect(source.values == [.heightAboveGround: 3, .altitude: 9] && source.focalLength35mm == nil)
        #expect(throws: TelemetryTrack.Fault.self) {
            try TelemetryTrack("1\n00:00:00,000 --> 00:00:01,000\nHello\n", fileName: "a.srt")
        }
    }

    @Test func `a GPX is followed by the clock`() throws {
        let text = """
            <?xml version="1.0"?>
            <gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><metadata><time>2020-01-01T00:00:00Z</time></metadata>
            <!-- <trkpt lat="1" lon="1"><time>2026-06-01T08:00:01Z</time></trkpt> -->
            <trk><name><![CDATA[<trkpt lat="2" lon="2">]]></name><trkseg>
            <trkpt lat="49.0" lon="8.0"><ele>100</ele><time>2026-06-01T08:00:00Z</time></trkpt>
            <trkpt lon='8.2' lat='49.2'><ele>120.5</ele><time>2026-06-01T10:00:02.000+02:00</time>
              <extensions><gpxtpx:speed>7.5</gpxtpx:speed></extensions></trkpt>
            <trkpt lat="50" lon="9"/>
            </trkseg></trk></gpx>
            """
        for name in ["flight.gpx", "flight"] {
            let track = try TelemetryTrack(text, fileName: name)
            #expect(track.count == 2 && track.needsTimes)
            let values = try #require(track.source(of: Self.moment(at: 1_780_300_801.5))).values
            #expect(abs((values[.latitude] ?? 0) - 49.15) < 1e-9 && abs((values[.longitude] ?? 0) - 8.15) < 1e-9)
            #expect(values[.altitude] == 115.375 && values[.speed] == 7.5 && values[.heading] == nil)
        }
        #expect(throws: TelemetryTrack.Fault.self) { try TelemetryTrack("<gpx></gpx>", fileName: "a.gpx") }
        #expect(throws: TelemetryTrack.Fault.self) {
            try TelemetryTrack(#"<gpx><wpt lat="x"/></gpx>"#, fileName: "a.gpx")
        }
    }
}
