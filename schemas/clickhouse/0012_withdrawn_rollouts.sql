-- What was asked for can be withdrawn, which is a row, too.
ALTER TABLE rollouts
    COMMENT COLUMN mode 'off, shadow or enforce; withdrawn: it is asked for no more, and what is asked for a wider scope counts';
