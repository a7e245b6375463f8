-- A code may be made for a station that is known already: it alone lets that station have another key.

ALTER TABLE microplates.enrol_code ADD COLUMN station_id uuid;
ALTER TABLE microplates.enrol_code ADD CONSTRAINT enrol_code_station
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id);
