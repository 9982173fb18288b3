// How large tiles can be so that all of them fit a rectangle.
// SPDX-License-Identifier: Apache-2.0

/** The size of every tile, in pixels. */
export interface TileSize {
  readonly columns: number;
  readonly width: number;
  readonly height: number;
}

/** Below this height tiles are unreadable: then the grid scrolls instead. */
export const tileHeightMin = 64;

/**
 * The layout with the largest tiles of one of the `aspects` (width through height); O(count).
 * Sizes are whole pixels and at least 1, also for a rectangle without room.
 */
export function gridLayout(
  count: number,
  width: number,
  height: number,
  gap: number,
  aspects: readonly number[] = [16 / 9],
): TileSize {
  let best: TileSize = { columns: 1, width: 1, height: 1 };
  const tiles = Math.max(count, 1);
  for (let columns = 1; columns <= tiles; columns += 1) {
    const rows = Math.ceil(tiles / columns);
    const wide = (width - gap * (columns - 1)) / columns;
    const high = (height - gap * (rows - 1)) / rows;
    for (const aspect of aspects) {
      const tileWidth = Math.floor(Math.min(wide, high * aspect));
      const tileHeight = Math.floor(tileWidth / aspect);
      if (tileWidth < 1 || tileHeight < 1) continue;
      if (tileWidth * tileHeight > best.width * best.height) {
        best = { columns, width: tileWidth, height: tileHeight };
      }
    }
  }
  return best.height >= tileHeightMin ? best : scrolling(width, gap, aspects[0] ?? 16 / 9);
}

function scrolling(width: number, gap: number, aspect: number): TileSize {
  const smallest = Math.ceil(tileHeightMin * aspect);
  const columns = Math.max(1, Math.floor((width + gap) / (smallest + gap)));
  const tileWidth = Math.max(1, Math.floor((width - gap * (columns - 1)) / columns));
  return { columns, width: tileWidth, height: Math.max(1, Math.floor(tileWidth / aspect)) };
}
