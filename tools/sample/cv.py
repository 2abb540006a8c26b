"""Synthetic Hindi consonant-vowel segments: the generator behind cv.npz.

    python -m tools.sample.cv      makes cv.npz and its entry in provenance.json anew

needs `pip install espeakng-loader==0.2.4`, the speech synthesiser espeak-ng as a package. Nineteen voices speak short
nonsense words; the segment of interest is cut out where the synthesiser says that its phonemes begin and end, gets
another vocal tract, a longer closure, a channel and noise, and becomes HTK-style features (MFCC_E_D_A). The
synthesiser's own noise cannot be seeded: a second making gives other arrays of the same kind. The committed arrays are
the authority.
"""

import ctypes
import sys
from dataclasses import dataclass

import numpy as np

from tools.sample import making

PACKAGE = "espeakng-loader==0.2.4"
SEED = 2022
RATE = 16_000  # samples a second
WINDOW, HOP, FFT = 400, 160, 512  # samples: frames of 25 ms every 10 ms
FILTERS, CEPSTRA, LIFTER = 26, 12, 22  # HTK's usual NUMCHANS, NUMCEPS and CEPLIFTER
BAND = (80.0, 7600.0)  # Hz
FRAMES_RANGE = (6, 79)


@dataclass(frozen=True)
class Syllable:
    """What a class is made of: letters to speak, the phonemes that mark it, and how many of it there are."""

    consonant: str
    vowel: str  # sign after the consonant; none is the inherent short a
    onsets: tuple  # names of the consonant's phonemes, as the synthesiser reports them
    frames: int  # median length
    counts: tuple  # training and test segments of the whole assignment; the sample has a third


SYLLABLES = {
    "ba": Syllable("ब", "", ("b",), 20, (290, 72)),
    "bhA": Syllable("भ", "ा", ("b#",), 34, (197, 49)),
    "hI": Syllable("ह", "ी", ("H", "h"), 22, (209, 52)),
    "hai": Syllable("ह", "ै", ("H", "h"), 30, (502, 126)),
    "ka": Syllable("क", "", ("k",), 21, (383, 96)),
    "kaa": Syllable("क", "ा", ("k",), 29, (510, 127)),
    "ne": Syllable("न", "े", ("n", "n["), 23, (970, 243)),
    "ni": Syllable("न", "ि", ("n", "n["), 17, (186, 47)),
    "nii": Syllable("न", "ी", ("n", "n["), 22, (194, 48)),
    "pa": Syllable("प", "", ("p",), 22, (212, 53)),
    "paa": Syllable("प", "ा", ("p",), 27, (307, 77)),
    "rI": Syllable("र", "ी", ("r",), 18, (318, 80)),
    "re": Syllable("र", "े", ("r",), 20, (208, 52)),
    "sa": Syllable("स", "", ("s",), 26, (343, 86)),
    "tA": Syllable("त", "ा", ("t",), 28, (408, 102)),
    "tI": Syllable("ट", "ी", ("t.",), 21, (186, 46)),
}
NUCLEI = {  # vowel sign -> names of the phonemes it may come out as
    "": ("@", "V", "@2", "a", "V#"),
    "ा": ("a:", "a"),
    "ी": ("i", "i:"),
    "ि": ("I", "i"),
    "े": ("e:", "e"),
    "ै": ("E:", "E", "aI"),
}
STOPS = ("b", "b#", "k", "p", "t", "t.")  # consonants that begin with a closure of the mouth
# Syllables that may stand before and after the one of interest
AFTER = (
    "म", "ल", "न", "र", "क", "प", "स", "त", "द", "ग", "य", "व", "मा", "ली",
    "नु", "रो", "के", "से", "ते", "को", "दि", "गा",
)  # fmt: skip
BEFORE = ("अ", *AFTER)
# Variants of the Hindi voice; a speaker's number is the place here, from 1
VOICES = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5",
          "klatt", "klatt2", "steph", "belinda", "Andy", "anika")  # fmt: skip

PARAMETERS = {
    "part": 1 / 3,  # of the assignment's counts
    "context": 0.85,  # probability of a syllable before, and of one after
    "length": 0.31,  # spread of the logarithm of the number of frames
    "closure": (0.05, 0.45),  # of a stop segment's length: the synthesiser's own closures are short for clear speech
    "boundary": 0.03,  # s, spread of the two cuts: segments of real speech are cut by ear
    "tract": 0.125,  # spread of the logarithm of the vocal tract's length; half of its variance is the voice's own
    "tilt": -18.0,  # dB, of the mean channel: half of its fall from 0 to 8 kHz
    "channel": 4.5,  # dB, spread of the channel's tilt and of its three resonances
    "snr": (3.0, 23.0),  # dB, signal over noise
    "noise_tilt": (0.6, 1.4),  # exponent of the noise's fall with frequency
}


@dataclass(frozen=True)
class Speaker:
    """One synthetic speaker: a voice of the synthesiser with its own pitch, vocal tract and share of the segments."""

    number: int
    voice: str
    pitch: int  # 0 to 99, the synthesiser's scale, as is liveliness
    liveliness: int
    tract: float  # factor on all frequencies
    share: float


class Event(ctypes.Structure):
    """espeak_EVENT of espeak-ng's speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    ]


class Synthesiser:
    """espeak-ng through ctypes: text in, samples and phoneme marks out."""

    SYNCHRONOUS, PHONEME_EVENTS, UTF8 = 2, 1, 1
    LIST_END, PHONEME = 0, 7
    SPEED, PITCH, RANGE = 1, 3, 4

    def __init__(self):
        """Load the library. Raises ImportError, with the command that helps, where the package is missing."""
        try:
            import espeakng_loader
        except ImportError:
            raise ImportError(f"the speech synthesiser is missing: pip install {PACKAGE}") from None
        self.library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate = self.library.espeak_Initialize(self.SYNCHRONOUS, 0, data, self.PHONEME_EVENTS)
        if self.rate <= 0:
            raise RuntimeError(f"espeak-ng did not start (status {self.rate})")
        prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))
        self.receive = prototype(self._receive)  # held here, or it would be collected while the library calls it
        self.library.espeak_SetSynthCallback(self.receive)

    def say(self, text, voice, speed, pitch, liveliness):
        """Speak `text` with a variant of the Hindi voice, at `speed` words a minute.

        Returns the wave (n,), within +-1, and a list of (first sample, phoneme). Raises ValueError for a voice that
        the synthesiser does not have.
        """
        if self.library.espeak_SetVoiceByName(f"hi+{voice}".encode()) != 0:
            raise ValueError(f"the synthesiser has no voice hi+{voice}")
        for parameter, value in ((self.SPEED, speed), (self.PITCH, pitch), (self.RANGE, liveliness)):
            self.library.espeak_SetParameter(parameter, int(value), 0)
        self.chunks, self.marks = [], []
        spoken = text.encode()
        self.library.espeak_Synth(spoken, len(spoken) + 1, 0, 1, 0, self.UTF8, None, None)
        self.library.espeak_Synchronize()
        wave = np.concatenate(self.chunks) / 32768 if self.chunks else np.zeros(0)
        return wave, self.marks

    def _receive(self, samples, count, events):
        """The library's callback: keep the samples and the marks of phonemes. Returns 0: go on."""
        if samples and count > 0:
            self.chunks.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float64))
        for k in range(1_000_000):
            if events[k].type == self.LIST_END:
                return 0
            if events[k].type == self.PHONEME:
                # Marks of stress and tone surround the phoneme's name
                self.marks.append((events[k].sample, events[k].name.decode("utf-8", "ignore").lstrip("',%=_!|")))
        return 1


@dataclass(frozen=True)
class Recording:
    """A spoken word with the segment that counts: wave (n,) at `rate`, cut from sample `start` to sample `end`."""

    wave: np.ndarray
    rate: int
    start: int
    end: int
    speaker: Speaker
    syllable_number: int  # place of the segment in its word, from 1
    closure: float  # s of silence before the segment


def speakers(rng, p):
    """The synthetic speakers, a list of Speaker; some speak twice as often as others."""
    shares = rng.uniform(1, 2.2, len(VOICES))
    return [
        Speaker(
            number=k + 1,
            voice=voice,
            pitch=int(rng.integers(20, 80)),
            liveliness=int(rng.integers(25, 75)),
            tract=float(np.exp(rng.normal(0, p["tract"] / np.sqrt(2)))),
            share=float(shares[k] / shares.sum()),
        )
        for k, voice in enumerate(VOICES)
    ]


def record(synthesiser, syllable, speaker, rng, p):
    """One word spoken so that its segment has about a drawn length; None where the phonemes came out otherwise."""
    before = str(rng.choice(BEFORE)) if rng.random() < p["context"] else ""
    after = str(rng.choice(AFTER)) if rng.random() < p["context"] else ""
    if not (before or after or syllable.vowel):
        after = "मा"  # a final short a alone is not spoken
    text = before + syllable.consonant + syllable.vowel + after
    frames = syllable.frames * np.exp(rng.normal(0, p["length"]))
    closure = rng.uniform(*p["closure"]) if syllable.onsets[0] in STOPS else 0.0
    spoken = frames * (1 - closure)
    pitch, liveliness = (int(v + rng.integers(-10, 11)) for v in (speaker.pitch, speaker.liveliness))
    speed = 185 * rng.uniform(0.85, 1.15)
    for _ in range(3):
        wave, marks = synthesiser.say(text, speaker.voice, speed, pitch, liveliness)
        place = find(marks, syllable, last=len(before) == 1)
        if place is None:
            return None
        start, end = marks[place][0], marks[place + 2][0]
        excess = (end - start) / synthesiser.rate * RATE / HOP / speaker.tract / spoken
        if abs(np.log(excess)) < 0.18:
            break
        speed = float(np.clip(speed * excess**1.1, 80, 450))  # the synthesiser's own limits
    return Recording(wave, synthesiser.rate, start, end, speaker, 1 + bool(before), frames * closure * HOP / RATE)


def find(marks, syllable, last):
    """Where in marks the syllable's consonant stands, or None; the last place if `last`, else the first.

    One letter before the syllable may be the same consonant with its inherent vowel, so the later one counts then.
    """
    names = [name for _, name in marks]
    nuclei = NUCLEI[syllable.vowel]
    places = [k for k in range(len(names) - 2) if names[k] in syllable.onsets and names[k + 1] in nuclei]
    return places[-1 if last else 0] if places else None


def spoil(recording, rng, p):
    """The segment's wave (n,) at RATE, as a listener would have cut it from a recording.

    Cut a little off its boundaries, from another vocal tract, behind its closure, through a channel, in noise.
    """
    r = recording
    start, end = (int(b + rng.normal(0, p["boundary"] * r.rate)) for b in (r.start, r.end))
    start = max(start, 0)
    end = min(max(end, start + int(0.055 * r.rate)), len(r.wave))
    tract = np.clip(r.speaker.tract * np.exp(rng.normal(0, p["tract"] / np.sqrt(2))), 0.78, 1.28)
    # A wave taken to have another sampling rate has all its formants, its pitch and its length scaled
    wave = resample(r.wave[start:end], r.rate * tract)
    wave = through_channel(np.concatenate([np.zeros(int(r.closure * RATE)), wave]), rng, p)
    noise = coloured_noise(len(wave), rng, p)
    noise *= np.sqrt((wave**2).mean() / ((noise**2).mean() + 1e-20)) * 10 ** (-rng.uniform(*p["snr"]) / 20)
    return (wave + noise) * 0.5 * np.exp(rng.normal(-0.5, 0.6))


def resample(wave, rate):
    """A wave (n,) at `rate` brought to RATE by cutting or extending its spectrum."""
    n = int(len(wave) * RATE / rate)
    spectrum = np.fft.rfft(wave)
    fitted = np.zeros(n // 2 + 1, complex)
    k = min(len(fitted), len(spectrum))
    fitted[:k] = spectrum[:k]
    return np.fft.irfft(fitted, n) * (n / len(wave))


def through_channel(wave, rng, p):
    """A wave (n,) through a channel of random tilt and three broad random resonances, in dB over frequency."""
    spectrum = np.fft.rfft(wave, 2 * len(wave))
    f = np.linspace(0, 1, len(spectrum))
    gain = rng.normal(p["tilt"], p["channel"]) * 2 * (f - 0.3)
    for _ in range(3):
        gain += rng.normal(0, p["channel"]) * np.exp(-(((f - rng.random()) / 0.12) ** 2))
    return np.fft.irfft(spectrum * 10 ** (gain / 20))[: len(wave)]


def coloured_noise(n, rng, p):
    """Gaussian noise (n,) whose amplitude falls with a random power of frequency."""
    spectrum = np.fft.rfft(rng.normal(size=n))
    f = np.maximum(np.linspace(0, 1, len(spectrum)), 0.02)
    return np.fft.irfft(spectrum / f ** rng.uniform(*p["noise_tilt"]), n)


def mel_filters():
    """Triangular filters (FFT / 2 + 1, FILTERS), equally wide on HTK's mel scale (HTK book 3.4, section 5.4)."""
    to_mel = lambda f: 1127 * np.log(1 + np.asarray(f) / 700)
    edges = np.linspace(*to_mel(BAND), FILTERS + 2)
    mel = to_mel(np.arange(FFT // 2 + 1) * RATE / FFT)[:, None]
    rising = (mel - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mel) / (edges[2:] - edges[1:-1])
    return np.maximum(np.minimum(rising, falling), 0)


def cosine_transform():
    """The DCT (FILTERS, CEPSTRA) from log filter outputs to liftered cepstra (HTK book 3.4, sections 5.3 and 5.6)."""
    n = np.arange(1, CEPSTRA + 1)
    dct = np.sqrt(2 / FILTERS) * np.cos(np.pi / FILTERS * (np.arange(FILTERS)[:, None] + 0.5) * n)
    return dct * (1 + LIFTER / 2 * np.sin(np.pi * n / LIFTER))


MEL_FILTERS, COSINES = mel_filters(), cosine_transform()


def static_features(wave):
    """Features (T, 13) of a wave: 12 cepstra and the normalised log energy, HTK's MFCC_E (HTK book 3.4, chapter 5).

    Pre-emphasis 0.97, Hamming window. Energy is scaled by 0.1 and its greatest value in the segment is 1 (ENORMALISE).
    """
    samples = wave * 32768
    count = max(1 + (len(samples) - WINDOW) // HOP, 1)
    samples = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP][:count]  # (T, WINDOW)
    energy = np.log(np.maximum((frames**2).sum(axis=1), 1e-10))
    emphasised = np.hstack([frames[:, :1] * 0.03, frames[:, 1:] - 0.97 * frames[:, :-1]]) * np.hamming(WINDOW)
    filtered = np.log(np.maximum(np.abs(np.fft.rfft(emphasised, FFT)) @ MEL_FILTERS, 1.0))
    return np.hstack([filtered @ COSINES, 1 - 0.1 * (energy.max() - energy)[:, None]])


def record_all(synthesiser, p=PARAMETERS):
    """Recordings of all classes, training first: class -> ([Recording, ...], [Recording, ...]); and how many failed."""
    crew, out, failed = speakers(np.random.default_rng([SEED, 99]), p), {}, 0
    for k, (name, syllable) in enumerate(SYLLABLES.items()):
        rng = np.random.default_rng([SEED, k])
        counts = [round(n * p["part"]) for n in syllable.counts]
        taken = []
        while len(taken) < sum(counts):
            speaker = crew[rng.choice(len(crew), p=[s.share for s in crew])]
            taken.append(record(synthesiser, syllable, speaker, rng, p))
            if taken[-1] is None:
                taken.pop()
                failed += 1
        out[name] = taken[: counts[0]], taken[counts[0] :]
    return out, failed


def features(recordings, p=PARAMETERS):
    """Static features of recordings, spoilt anew: class -> ([(T, 13), ...], [(T, 13), ...])."""
    out = {}
    for k, (name, splits) in enumerate(recordings.items()):
        rng = np.random.default_rng([SEED, k, 1])
        out[name] = tuple([one_feature(r, rng, p) for r in split] for split in splits)
    return out


def one_feature(recording, rng, p):
    """Static features (T, 13) of a recording; drawn again while its length is out of range."""
    while True:
        x = static_features(spoil(recording, rng, p))
        if FRAMES_RANGE[0] <= len(x) <= FRAMES_RANGE[1]:
            return x


def pack(recordings, static):
    """The arrays of cv.npz.

    static (sum T, 13) int8, in units of scale (13,); lengths (N,) and identity (N, 3): speaker, utterance (counted in
    its class) and syllable of each segment; by class, then train, then test; counts (16, 2); classes.
    """
    sequences = [x for splits in static.values() for split in splits for x in split]
    frames = np.concatenate(sequences)
    scale = np.abs(frames).max(axis=0) / 127
    identity = [
        (r.speaker.number, k + 1, r.syllable_number)
        for train, test in recordings.values()
        for k, r in enumerate([*train, *test])
    ]
    return {
        "static": np.round(frames / scale).astype(np.int8),
        "scale": scale,
        "lengths": np.array([len(x) for x in sequences], np.uint8),
        "identity": np.array(identity, np.uint16),
        "counts": np.array([[len(split) for split in splits] for splits in static.values()], np.uint16),
        "classes": np.array(list(static)),
    }


def description(arrays, failed):
    """The entry of provenance.json that says how the arrays were made."""
    counts = {str(c): {"train": int(a), "test": int(b)} for c, (a, b) in zip(arrays["classes"], arrays["counts"])}
    return {
        "generator": "tools.sample.cv",
        "repeatable": "no: the synthesiser's noise cannot be seeded; the committed arrays are the authority",
        "licence": "synthetic, made by this project: features of the output of the espeak-ng synthesiser; "
        "no speech was recorded for it",
        "seed": SEED,
        "parameters": PARAMETERS,
        "voices": [f"hi+{v}" for v in VOICES],
        "counts": counts,
        "words_spoken_in_vain": failed,
    }


def main(arguments):
    """Command line, see the module's docstring; returns the exit status."""
    if arguments:
        print(f"usage: python -m tools.sample.cv (no arguments, got {' '.join(arguments)})", file=sys.stderr)
        return 2
    try:
        synthesiser = Synthesiser()
    except ImportError as error:
        print(error, file=sys.stderr)
        return 2
    recordings, failed = record_all(synthesiser)
    arrays = pack(recordings, features(recordings))
    making.write("cv", arrays, description(arrays, failed), {"espeakng-loader": PACKAGE.split("==")[1]})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
