export interface Question {
  readonly title: string;
  /** A sentence on what will happen. */
  readonly text: string;
  readonly confirm: string;
  readonly danger: boolean;
  /** Asks for a line of text, beginning with this one; null asks for yes or no only. */
  readonly answer: string | null;
  readonly label: string;
}

interface Asked extends Question {
  readonly resolve: (answer: string | null) => void;
}

/** Questions that a dialog asks, one at a time. */
class Questions {
  current = $state.raw<Asked | null>(null);

  /** True if confirmed. */
  async confirm(title: string, text: string, confirm: string, danger = false): Promise<boolean> {
    const answer = await this.ask({ title, text, confirm, danger, answer: null, label: '' });
    return answer !== null;
  }

  /** The text given, or null. */
  line(
    title: string,
    label: string,
    confirm: string,
    answer = '',
    text = '',
  ): Promise<string | null> {
    return this.ask({ title, text, confirm, danger: false, answer, label });
  }

  settle(answer: string | null): void {
    const { current } = this;
    this.current = null;
    current?.resolve(answer);
  }

  private ask(question: Question): Promise<string | null> {
    this.settle(null);
    return new Promise((resolve) => {
      this.current = { ...question, resolve };
    });
  }
}

export const questions = new Questions();
