import type { Score } from '../../schemas/gate.js';
import { countText, percentText, shareText } from './figures.js';
import { Usd } from './usd.js';
import { plural } from './words.js';

/** The score beside the row-level share: the distance between the two is what dashboards hide. */
export function ScorePanel({ score }: { readonly score: Score }) {
  const { enforceable, rowLevel } = score;
  return (
    <section class="panel score" aria-labelledby="score">
      <h2 id="score">Score</h2>
      <div class="figures">
        <div>
          <p class="figure strong">{percentText(score.score)}</p>
          <p>
            of the spend you could defend, in percent: the lower bound of {shareText(enforceable.spend.lower)} to{' '}
            {shareText(enforceable.spend.upper)}
          </p>
        </div>
        <div>
          <p class="figure">{shareText(rowLevel.spend.share)}</p>
          <p>of the spend has its fields on the row: what a dashboard shows</p>
        </div>
      </div>
      <p class="small">
        {plural(score.calls, 'call')}, <Usd amount={score.spendUsd} /> known; {countText(score.unknownCost)} of unknown
        cost. Days in the charts begin at 00:00 UTC; an hour or a day by itself has fewer calls, so its bound lies
        lower.
      </p>
    </section>
  );
}
