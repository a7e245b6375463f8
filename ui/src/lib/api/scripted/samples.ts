import type { InterfaceFile, RunLine, SampleDetail, SampleSummary } from '../shapes';
import { endPoints, statisticsOf } from './plates';
import { NOW_MS, hex, idOf, lineOf, now } from './runs';

/** Samples in the order of their newest run, with the runs of each. */
export function samplesOf(total: number): Map<string, RunLine[]> {
  const found = new Map<string, RunLine[]>();
  for (let seq = total; seq > Math.max(0, total - 2000); seq -= 1) {
    const line = lineOf(seq, total);
    if (!line.sample_no) continue;
    const known = found.get(line.sample_no);
    if (known) known.push(line);
    else found.set(line.sample_no, [line]);
  }
  return found;
}

export function summaryOf(no: string, lines: RunLine[]): SampleSummary {
  const counted = lines.filter((line) => line.disposition === 'accepted');
  const ends = counted.flatMap((line) => endPoints(line.seq));
  const distribution: Record<string, number> = {};
  for (const end of ends) distribution[end] = (distribution[end] ?? 0) + 1;
  const newest = lines[0];
  return {
    sample_no: no,
    distribution,
    statistics: ends.length > 0 ? statisticsOf(ends) : null,
    total_runs: lines.length,
    counted_runs: counted.length,
    last_run_at_ms: newest?.predict_at.utc_ms ?? NOW_MS,
    last_run: newest?.run_id ?? '',
    last_run_seq: newest?.seq ?? 0,
  };
}

export function filesOf(samples: Map<string, RunLine[]>): InterfaceFile[] {
  const done = [...samples].filter(([, lines]) => lines.some((line) => line.disposition === 'accepted')).slice(0, 60);
  return done.map(([no, lines], n) => fileOf(no, done.length - n, lines[0]?.predict_at.utc_ms ?? NOW_MS));
}

export function fileOf(no: string, seq: number, atMs: number): InterfaceFile {
  const status = seq % 13 === 5 ? 'failed' : seq % 17 === 3 ? 'generated' : 'delivered';
  return {
    seq,
    id: idOf('file', seq),
    sample_no: no,
    template: seq % 5 === 0 ? 'hl7' : 'labware',
    revision: 1,
    target: 'folder',
    test_no: '',
    file_name: `interface_${no}_20261121_0912${String(seq % 60).padStart(2, '0')}.csv`,
    file_path: `interface/${seq}`,
    size: 191,
    sha256: hex(seq, 9),
    status,
    created: now(atMs),
    generated_at_ms: atMs + 1200,
    delivered_at_ms: status === 'delivered' ? atMs + 1300 : null,
    error_msg: status === 'failed' ? 'The receiver answered: unknown sample number. Check it in the LIMS.' : null,
    attempts: status === 'failed' ? 4 : 1,
    next_try_ms: status === 'generated' ? NOW_MS + 120_000 : null,
  };
}

export function sampleDetail(no: string, lines: RunLine[], files: InterfaceFile[]): SampleDetail {
  return {
    ...summaryOf(no, lines),
    counted: lines.filter((line) => line.disposition === 'accepted').map((line) => line.run_id),
    runs: lines,
    interface_files: files.filter((file) => file.sample_no === no),
  };
}
