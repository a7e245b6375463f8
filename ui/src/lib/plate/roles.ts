import type { WellRole } from '../api/shapes';

/** What a role looks like: a letter and a ground, never a colour alone. */
export interface RoleLook {
  mark: string;
  /** For a well drawn in SVG. */
  drawn: string;
  /** For a well that is an element of the page. */
  laid: string;
}

export const ROLES: Record<WellRole, RoleLook> = {
  sample: { mark: '', drawn: 'fill-surface stroke-line-strong', laid: 'bg-surface border-line-strong' },
  blank: { mark: 'B', drawn: 'fill-sunken stroke-line-strong', laid: 'bg-sunken border-line-strong' },
  'positive-control': { mark: '+', drawn: 'fill-good-soft stroke-good', laid: 'bg-good-soft border-good' },
  'negative-control': { mark: '−', drawn: 'fill-bad-soft stroke-bad', laid: 'bg-bad-soft border-bad' },
  'growth-control': { mark: 'G', drawn: 'fill-warn-soft stroke-warn', laid: 'bg-warn-soft border-warn' },
  'sterility-control': { mark: 'S', drawn: 'fill-accent-soft stroke-accent', laid: 'bg-accent-soft border-accent' },
  unused: { mark: '×', drawn: 'fill-transparent stroke-line', laid: 'bg-transparent border-line' },
};

/** In the order of their digits. */
export const ROLE_NAMES = Object.keys(ROLES) as WellRole[];
