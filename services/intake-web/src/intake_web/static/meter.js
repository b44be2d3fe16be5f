// Shows that the microphone hears something: bars of the last seconds, and a word when it hears nothing.
const BARS = 64;
const QUIET_BELOW = 0.012;
const QUIET_AFTER_MS = 4000;

export class Meter {
  constructor(stream, canvas, onQuiet) {
    this.canvas = canvas;
    this.onQuiet = onQuiet;
    this.levels = new Array(BARS).fill(0);
    this.lastHeard = performance.now();
    this.quiet = false;
    this.context = new AudioContext();
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.samples = new Float32Array(this.analyser.fftSize);
    this.timer = setInterval(() => this.look(), 60);
  }

  look() {
    this.analyser.getFloatTimeDomainData(this.samples);
    const power = Math.sqrt(this.samples.reduce((sum, value) => sum + value * value, 0) / this.samples.length);
    const now = performance.now();
    if (power > QUIET_BELOW) this.lastHeard = now;
    const quiet = now - this.lastHeard > QUIET_AFTER_MS;
    if (quiet !== this.quiet) this.onQuiet(quiet);
    this.quiet = quiet;
    this.levels.push(Math.min(1, power * 5));
    this.levels.shift();
    this.draw();
  }

  draw() {
    const { width, height } = this.canvas;
    const brush = this.canvas.getContext("2d");
    brush.clearRect(0, 0, width, height);
    brush.fillStyle = "#a32a22";
    const step = width / BARS;
    this.levels.forEach((level, index) => {
      const tall = Math.max(4, level * height);
      brush.fillRect(index * step + 2, (height - tall) / 2, step - 4, tall);
    });
  }

  stop() {
    clearInterval(this.timer);
    this.context.close();
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
  }
}
