extension Schema {
    /// What is known of the camera beyond its position, where that is from, and the ground that a frame shows.
    static let version5 = """
        ALTER TABLE frame ADD COLUMN agl_m REAL;             -- metres above the ground
        ALTER TABLE frame ADD COLUMN gimbal_yaw_deg REAL;    -- clockwise from north
        ALTER TABLE frame ADD COLUMN gimbal_pitch_deg REAL;  -- above the horizon; -90 looks straight down
        ALTER TABLE frame ADD COLUMN gimbal_roll_deg REAL;   -- clockwise
        ALTER TABLE frame ADD COLUMN fov_h_deg REAL;         -- over the width
        ALTER TABLE frame ADD COLUMN fov_v_deg REAL;         -- over the height
        ALTER TABLE frame ADD COLUMN speed_mps REAL;         -- metres a second over ground
        -- A letter for each of lat, lon, alt_m, agl_m, heading_deg, gimbal_yaw_deg, gimbal_pitch_deg, gimbal_roll_deg,
        -- fov_h_deg, fov_v_deg, speed_mps, captured_us: e explicit, s sidecar, x XMP, i EXIF, a assumed, - not told.
        -- NULL: nothing was told, or the row is older than this column, and all was explicit.
        ALTER TABLE frame ADD COLUMN telemetry_origin TEXT;
        -- JSON array of 4 [lon, lat]: under the top left, bottom left, bottom right and top right corner of the frame.
        ALTER TABLE frame ADD COLUMN footprint TEXT;
        ALTER TABLE frame ADD COLUMN footprint_west REAL;    -- greater than east: the antimeridian lies between
        ALTER TABLE frame ADD COLUMN footprint_south REAL;
        ALTER TABLE frame ADD COLUMN footprint_east REAL;
        ALTER TABLE frame ADD COLUMN footprint_north REAL;
        ALTER TABLE frame ADD COLUMN footprint_reason TEXT;  -- why there is none

        DROP VIEW frames;
        CREATE VIEW frames AS
            SELECT f.id, s.id AS session, f.sequence, f.drone, f.mission,
                strftime('%Y-%m-%dT%H:%M:%S', f.captured_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', f.captured_us % 1000000) AS captured_at,
                strftime('%Y-%m-%dT%H:%M:%S', f.received_us / 1000000, 'unixepoch')
                    || printf('.%06dZ', f.received_us % 1000000) AS received_at,
                f.model, f.model_version, f.mode, f.reason, f.epoch, f.gap_frames, f.gap_ms, f.width, f.height,
                f.registration, f.registration_ok, f.matches, f.inliers, f.homography,
                f.similarity_mean, f.changed_fraction, f.lat, f.lon, f.alt_m, f.agl_m, f.heading_deg,
                f.gimbal_yaw_deg, f.gimbal_pitch_deg, f.gimbal_roll_deg, f.fov_h_deg, f.fov_v_deg, f.speed_mps,
                f.telemetry_origin, f.footprint, f.footprint_west, f.footprint_south, f.footprint_east,
                f.footprint_north, f.footprint_reason, f.stage_ms,
                'masks/' || date(f.received_us / 1000000, 'unixepoch') || '/' || s.id || '.pack' AS pack,
                f.mask_offset, f.mask_length, f.similarity_offset, f.similarity_length, f.image_offset, f.image_length,
                f.digest, f.idempotency_key
            FROM frame AS f JOIN session AS s ON s.key = f.session;
        """
}
