import type { Point } from "../lib/series";

type Props = { points: readonly Point[]; top: number; chosen: number; onPoint: (index: number) => void; label: string };

/** Bars of what was answered, with what was refused on top, scaled so that a bar of top fills the height. */
export function Bars({ points, top, chosen, onPoint, label }: Props) {
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${points.length * 10} 100`}
      preserveAspectRatio="none"
      className="absolute inset-0 size-full"
    >
      {points.map((point, i) => (
        <g key={point.at} onPointerMove={() => onPoint(i)} className={i === chosen ? "" : "opacity-85"}>
          <rect x={i * 10} y="0" width="10" height="100" className={i === chosen ? "fill-soft" : "fill-transparent"} />
          <Bar x={i} from={0} to={point.requests - point.refused} top={top} className="fill-accent" />
          <Bar x={i} from={point.requests - point.refused} to={point.requests} top={top} className="fill-danger" />
        </g>
      ))}
    </svg>
  );
}

function Bar({ x, from, to, top, className }: { x: number; from: number; to: number; top: number; className: string }) {
  const height = ((to - from) / top) * 100;
  return <rect x={x * 10 + 1.5} y={100 - (to / top) * 100} width="7" height={height} className={className} />;
}
