// The options of a line, the same at a front and at a node without one.
import { inGroup, integer, live, option, text } from '../config/option.ts';

export const lineOptions = {
  ...inGroup('Readers', {
    meanwhile: {
      ...live(
        option(
          text(
            'url',
            'an address such as https://www.example-journal.org/articles/1',
            /^$|^https?:\/\/[^\s"<>]{1,2000}$/,
          ),
          '',
          'page that readers in line are offered meanwhile, in a new tab, such as the article itself or a JupyterLite page',
        ),
      ),
      whenUnset: 'none',
    },
  }),
  ...inGroup('Limits', {
    clientPlaces: live(
      option(integer(0, 10_000_000), 200, 'highest number of places in line of one client (0: no limit)'),
    ),
  }),
};
