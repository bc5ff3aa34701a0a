/*
 * snapshot.ts - the picture that is on the screen, as a file; and what files
 * of a camera are called.
 */
const QUALITY = 0.92;

/* "Front door 2026-11-24 09.41.07.jpg"; zone: of the home, else the browser's. */
export function mediaName(
  camera: string, time: number, ending: 'jpg' | 'mp4', zone?: string,
): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
    second: '2-digit', hourCycle: 'h23', ...(zone && { timeZone: zone }),
  }).formatToParts(time / 1000);
  const p = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  /* what no file system takes in a name */
  const name = camera.replace(/[\u0000-\u001f\u007f"*/:<>?\\|]+/g, ' ').replace(/^[. ]+| +$/g, '');
  return `${name || 'Camera'} ${p.year}-${p.month}-${p.day} ${p.hour}.${p.minute}.${p.second}.${ending}`;
}

/* time: µs, of the picture. */
export async function snapshot(
  canvas: HTMLCanvasElement | OffscreenCanvas, camera: string, time: number, zone?: string,
): Promise<File> {
  const type = 'image/jpeg';
  const blob = 'convertToBlob' in canvas
    ? await canvas.convertToBlob({ type, quality: QUALITY })
    : await new Promise<Blob | null>((done) => canvas.toBlob(done, type, QUALITY));
  if (!blob) throw new Error('no picture');
  return new File([blob], mediaName(camera, time, 'jpg', zone), { type });
}

/*
 * What the app's canvas shows, as it is now. Its drawing belongs to a worker,
 * so it is copied first.
 */
export async function snapshotSave(
  shown: HTMLCanvasElement, camera: string, time: number, zone: string,
): Promise<void> {
  const [width, height] = (shown.dataset['size'] ?? '').split('x').map(Number);
  const copy = document.createElement('canvas');
  copy.width = width || shown.width;
  copy.height = height || shown.height;
  copy.getContext('2d')!.drawImage(shown, 0, 0, copy.width, copy.height);
  const file = await snapshot(copy, camera, time, zone);
  const a = document.createElement('a');
  a.href = URL.createObjectURL(file);
  a.download = file.name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}
