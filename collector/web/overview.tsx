import type { Gap, GateAnswer } from '../../schemas/gate.js';
import type { SeriesPoint } from '../store/questions/series.js';
import { useAnswer } from './ask.js';
import { Answered, Failure } from './answered.js';
import { EmptyScope } from './empty-scope.js';
import { GapTable } from './gap-table.js';
import { GatePanel } from './gate-panel.js';
import { ScoreChart } from './score-chart.js';
import { ScorePanel } from './score-panel.js';
import { ScopeGates } from './scope-gates.js';
import { SpendChart } from './spend-chart.js';
import { queryOf } from './view-state.js';
import type { Shown } from './view-state.js';

/** Score, gate, spend by verdict and gaps of one scope. */
export function Overview({ view }: Shown) {
  const query = queryOf(view).toString();
  // Only looked at: an answer is kept as evidence when somebody asks the gate, not whenever a page is open.
  const gate = useAnswer<GateAnswer>(`gate?${query}&keep=false`);
  const series = useAnswer<{ series: SeriesPoint[] }>(`series?${query}`);
  const gaps = useAnswer<{ gaps: Gap[] }>(`gaps?${query}&severity=error,warning&limit=50`);
  const failed = [gate, series, gaps].find((one) => one.state === 'failed');
  if (failed?.state === 'failed') return <Failure message={failed.message} />;
  if (gate.state === 'answered' && gate.answer.score.calls === 0) return <EmptyScope view={view} />;
  return (
    <div class="overview" aria-busy={[gate, series, gaps].some((one) => one.state === 'waiting')}>
      <Answered asked={gate}>{(answer) => <GatePanel answer={answer} view={view} />}</Answered>
      <Answered asked={gate}>{({ score }) => <ScorePanel score={score} />}</Answered>
      <Answered asked={series}>{(answer) => <ScoreChart points={answer.series} />}</Answered>
      <Answered asked={series}>{(answer) => <SpendChart points={answer.series} />}</Answered>
      <ScopeGates view={view} title="The gate by tenant and policy" first={5} />
      <Answered asked={gaps}>{(answer) => <GapTable gaps={answer.gaps} view={view} />}</Answered>
    </div>
  );
}
