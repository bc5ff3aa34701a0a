/*
 * screen.ts - the canvas of one camera, in the worker.
 */
export class Screen {
  private readonly context: OffscreenCanvasRenderingContext2D;
  frames = 0;
  width = 0;
  height = 0;

  constructor(private readonly canvas: OffscreenCanvas) {
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('no canvas');
    this.context = context;
  }

  /* Takes the frame. */
  draw(frame: VideoFrame): void {
    if (this.width !== frame.displayWidth || this.height !== frame.displayHeight) {
      this.canvas.width = this.width = frame.displayWidth;
      this.canvas.height = this.height = frame.displayHeight;
    }
    this.context.drawImage(frame, 0, 0, this.width, this.height);
    frame.close();
    this.frames++;
  }

  blank(): void {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }
}
